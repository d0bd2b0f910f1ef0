import { describe, expect, it } from 'vitest';
import { checkBlobs, checkTidy, LIMITS } from './tidy.ts';
import { readTree, report, sizesOf } from './tree.ts';

const TEXT = /\.(tsx?|mjs|js|json|sql|sh|md|ya?ml|toml|py|sol|service|conf|html|css)$|^\.ci\/run$|^\.npmrc$/;

const CORE = 'packages/core/src/bounds/a.ts';
const LEDGER = 'packages/server/src/ledger/a.ts';
const GROUND = 'packages/server/src/ground/a.ts';
const VAULT = 'packages/server/src/vault/a.ts';
const SANDBOX = 'packages/sandbox/src/serve.ts';

function rulesBroken(path: string, text: string): string[] {
  return checkTidy(new Map([[path, text]])).map((violation) => violation.rule);
}

const lines = (count: number, line = 'export {};\n') => line.repeat(count);
/** Planted words are put together at run time, so that this file does not break the rules that it tests. */
const plant = (...parts: string[]) => parts.join('');

it('the tree as it stands is tidy', () => {
  const tree = readTree(undefined, (path) => TEXT.test(path));
  expect(tree.size).toBeGreaterThan(20);
  expect(report([...checkTidy(tree), ...checkBlobs(sizesOf())])).toBe('');
});

describe('lengths', () => {
  it.each([
    ['a long file', CORE, lines(LIMITS.file_lines_max + 1), ['file-length']],
    ['a file at the limit', CORE, lines(LIMITS.file_lines_max), []],
    ['a long test', 'tests/a.test.ts', lines(LIMITS.test_file_lines_max + 1), ['file-length']],
    ['a test at the limit', 'tests/a.test.ts', lines(LIMITS.test_file_lines_max), []],
    ['a long function', CORE, `function f() {\n${lines(LIMITS.function_lines_max - 1, '\n')}}`, ['function-length']],
    ['a long arrow', CORE, `const f = () => {\n${lines(LIMITS.function_lines_max - 1, '\n')}};`, ['function-length']],
    ['a long method', CORE, `class A { f() {\n${lines(LIMITS.function_lines_max - 1, '\n')}} }`, ['function-length']],
    ['a function at the limit', CORE, `function f() {\n${lines(LIMITS.function_lines_max - 2, '\n')}}`, []],
  ])('%s', (_name, path, text, rules) => expect(rulesBroken(path, text)).toEqual(rules));
});

describe('clock, randomness, environment and console outside ground', () => {
  const banned = [
    'Date.now();',
    `Date['now']();`,
    'new Date();',
    'Date();',
    'const clock = Date;',
    'const { now } = Date;',
    'Math.random();',
    'const { random } = Math;',
    'performance.now();',
    'process.env.HOME;',
    'const { env } = process;',
    'process.hrtime();',
    'process.hrtime.bigint();',
    `import { env } from 'node:process';`,
    `import { performance as p } from 'node:perf_hooks';`,
    'console.log(1);',
    'crypto.randomUUID();',
    'crypto.getRandomValues(a);',
    `import { randomBytes } from 'node:crypto';`,
    `import { randomBytes as r } from '@noble/hashes/utils.js';`,
    `import * as c from 'node:crypto'; c.randomInt(3);`,
    'globalThis.process;',
  ];
  it.each(banned)('%s is caught in a room', (text) => expect(rulesBroken(LEDGER, text)).toContain('banned-call'));

  it.each([
    'new Date(at_ms);',
    'at instanceof Date;',
    'let a: Date;',
    'setTimeout(f, 1);',
    'process.exit(1);',
    'Math.max(1, 2);',
    'a.now({ env: 1 });',
  ])('%s is lawful in a room', (text) => expect(rulesBroken(LEDGER, text)).toEqual([]));

  it.each([
    ['ground has the clock', GROUND, 'Date.now(); process.env.HOME; performance.now();', []],
    ['ground has no dice of Math', GROUND, 'Math.random();', ['banned-call']],
    ['ground does not print', GROUND, 'console.log(1);', ['banned-call']],
    ['the entry hands the environment on', 'packages/server/src/app/main.ts', 'load(process.env);', []],
    ['the rest of app does not', 'packages/server/src/app/seed.ts', 'load(process.env);', ['banned-call']],
    ['vault draws nonces', VAULT, `import { randomBytes } from 'node:crypto';`, []],
    ['vault has no clock', VAULT, 'Date.now();', ['banned-call']],
    ['cli prints', 'packages/cli/src/a.ts', 'console.log(Date.now());', []],
    ['the sandbox is a process of its own', SANDBOX, 'Date.now();', []],
    ['the sandbox does not print', SANDBOX, 'console.log(1);', ['banned-call']],
    ['tests replay', 'tests/a.test.ts', 'Math.random();', ['banned-call']],
  ])('%s', (_name, path, text, rules) => expect(rulesBroken(path, text)).toEqual(rules));
});

describe('purity of core', () => {
  it.each([
    'new Date(0);',
    'Date.now();',
    'Math.random();',
    'process.env;',
    'performance.now();',
    'crypto.subtle;',
    'globalThis.Date;',
    'fetch(url);',
    'console.log(1);',
    'setTimeout(f);',
    'import.meta.url;',
    'eval(text);',
    'new Function(text);',
    'new Intl.DateTimeFormat();',
    'secp256k1.utils.randomSecretKey();',
    `import { randomBytes } from '@noble/hashes/utils.js';`,
    'const { random } = Math;',
  ])('%s is caught', (text) => expect(rulesBroken(CORE, text)).not.toEqual([]));

  it.each([
    'Math.floor(1.5);',
    'a.Date;',
    'const b = { process: 1, fetch };',
    'type A = Date;',
    'function f(crypto: A) { return crypto.hash; }',
  ])('%s: names are not uses, except where they are', (text) =>
    expect(rulesBroken(CORE, text)).toEqual(text.includes('fetch') ? ['purity'] : []),
  );

  it('spares the tests of core', () => expect(rulesBroken('packages/core/src/a.test.ts', 'new Date(0);')).toEqual([]));
});

describe('things left behind', () => {
  it.each([
    ['a TODO of nobody', LEDGER, plant('// TO', 'DO: mend'), ['todo']],
    ['a TODO with an owner', LEDGER, plant('// TO', 'DO(ada): mend'), []],
    ['a FIXME in SQL', 'packages/server/src/ledger/sql/a.sql', plant('-- FIX', 'ME'), ['todo']],
    ['a commented-out statement', LEDGER, '// const a = hold(b);', ['commented-code']],
    ['a commented-out call', LEDGER, '// release(hold);', ['commented-code']],
    ['a commented-out block', LEDGER, '// if (a) {\n//   b();\n// }', ['commented-code']],
    ['a commented-out block in stars', LEDGER, '/* return a + b; */', ['commented-code']],
    ['prose', LEDGER, '// Nothing leaves before it; see release(hold) for why.\n// Example: `a = b`.', []],
    ['an example in documentation', LEDGER, '/**\n * release(hold);\n */', []],
    ['a linter directive', LEDGER, '// biome-ignore lint/a/b: because', []],
    ['the clock of SQL', 'packages/server/src/ledger/sql/a.sql', 'SELECT CURRENT_TIMESTAMP;', ['sql-clock']],
    ['the dice of SQL', 'packages/server/src/ledger/sql/a.sql', 'SELECT random();', ['sql-clock']],
  ])('%s', (_name, path, text, rules) => expect(rulesBroken(path, text)).toEqual(rules));
});

describe('traces of one machine', () => {
  it.each([
    ['a home folder', 'docs/a.md', plant('see /ho', 'me/ada/x'), ['machine-path']],
    ['a root folder', 'scripts/a.ts', plant(`open('/ro`, `ot/x');`), ['machine-path']],
    ['a build folder', 'docs/a.md', plant('in /wo', 'rk/main'), ['machine-path']],
    ['a Mac', 'docs/a.md', plant('in /Us', 'ers/ada'), ['machine-path']],
    ['a temporary folder', LEDGER, plant(`open('/t`, `mp/x');`), ['machine-path']],
    ['a temporary folder in a test', 'tests/a.test.ts', `open('/tmp/x');`, []],
    ['a route', 'docs/a.md', 'GET https://example.org/work/items and `./work/x`', []],
    ['a registry', 'docs/a.md', plant('https://registry.npm', 'js.org/x'), ['registry-host']],
    ['a resolved lock file', 'package-lock.json', plant('"resol', 'ved": "https://mirror.example/x.tgz"'), ['registry-host']],
    ['a package without the licence', 'packages/shed/package.json', '{ "license": "ISC" }', ['licence']],
    ['a package with it', 'packages/shed/package.json', '{ "license": "MIT" }', []],
  ])('%s', (_name, path, text, rules) => expect(rulesBroken(path, text)).toEqual(rules));

  it('catches a large blob, but not the lock file', () => {
    const large = LIMITS.blob_bytes_max + 1;
    const sizes = new Map([
      ['docs/film.mp4', large],
      ['docs/small.png', LIMITS.blob_bytes_max],
      ['package-lock.json', large],
    ]);
    expect(checkBlobs(sizes).map((violation) => violation.path)).toEqual(['docs/film.mp4']);
  });
});
