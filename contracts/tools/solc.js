#!/usr/bin/env node
/**
 * `solc` from npm behind the two answers that Foundry asks of a compiler: `--version`, and `--standard-json` from stdin to stdout.
 * The compiler is WebAssembly, so it is the same on every platform and needs no download; imports come inside the JSON.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const solc = createRequire(import.meta.url)('solc');

// Emscripten listens for uncaught exceptions and rethrows them without their place: Node's own report is better.
process.removeAllListeners('uncaughtException');
process.removeAllListeners('unhandledRejection');

const args = process.argv.slice(2);
if (args.includes('--version') || args.includes('-V')) {
  const version = solc.version().replace('Emscripten.clang', 'Linux.g++');
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
} else if (args.includes('--standard-json')) {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8')));
} else {
  process.stderr.write('solc.js answers --version and --standard-json only.\n');
  process.exitCode = 1;
}
