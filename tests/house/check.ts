/** `node tests/house/check.ts` prints what breaks a house rule, one line each, without a test runner. */
import { checkBlobs, checkTidy } from './tidy.ts';
import { readTree, report, sizesOf } from './tree.ts';
import { checkWalls } from './walls.ts';

const TEXT = /\.(tsx?|mjs|js|json|sql|sh|md|ya?ml|toml|py|sol|service|conf|html|css)$|^\.ci\/run$|^\.npmrc$/;

export function checkHouse(): string {
  const tree = readTree(undefined, (path) => TEXT.test(path));
  return report([...checkWalls(tree), ...checkTidy(tree), ...checkBlobs(sizesOf())]);
}

if (import.meta.main) {
  const found = checkHouse();
  console.log(found === '' ? 'the house is tidy' : found);
  process.exitCode = found === '' ? 0 : 1;
}
