#!/usr/bin/env node
/**
 * Finds `forge` or `anvil`: the npm package of this platform where there is one (Linux on x64), otherwise whatever stands in PATH.
 * As a command it runs forge from the root of the repository: `npm run forge -- test --match-contract SessionChannels`.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CPU = { x64: 'amd64', arm64: 'arm64' };

/** @param {string} path */
function runs(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {'forge' | 'anvil'} tool
 * @returns {string | undefined} its path, or undefined where there is none.
 */
export function findFoundry(tool, path = process.env['PATH'] ?? '') {
  try {
    const name = `@foundry-rs/${tool}-${process.platform}-${CPU[process.arch] ?? process.arch}`;
    const found = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', tool);
    if (runs(found)) return found;
  } catch {
    // No package for this platform: PATH is asked.
  }
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, tool))
    .find(runs);
}

/** The environment in which forge runs: the compiler's shim must find this same Node. */
export function forgeEnv(env = process.env) {
  return { ...env, PATH: `${dirname(process.execPath)}${delimiter}${env['PATH'] ?? ''}` };
}

export const NO_FORGE =
  'There is no forge: npm carries it for Linux on x64 only. Elsewhere install Foundry 1.7 and put it into PATH (docs/guides/contracts.md).';

if (import.meta.main) {
  const forge = findFoundry('forge');
  if (forge === undefined) {
    process.stderr.write(`${NO_FORGE}\n`);
    process.exitCode = 1;
  } else {
    const child = spawn(forge, process.argv.slice(2), { cwd: ROOT, stdio: 'inherit', env: forgeEnv() });
    child.on('exit', (code) => {
      process.exitCode = code ?? 1;
    });
  }
}
