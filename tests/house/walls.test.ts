import { describe, expect, it } from 'vitest';
import { STOREY_OF_ROOM } from './storeys.ts';
import { listFiles, readTree, report } from './tree.ts';
import { checkWalls } from './walls.ts';

const MANIFESTS: readonly [string, string][] = [
  ['package.json', '{ "devDependencies": { "vitest": "1", "fast-check": "1" } }'],
  ['packages/core/package.json', '{ "dependencies": { "@noble/hashes": "1", "zod": "1" } }'],
  ['packages/server/package.json', '{ "dependencies": { "hono": "1" }, "devDependencies": { "openai": "1" } }'],
];

/** The rules that one file breaks when it is planted at `path`. */
function rulesBroken(path: string, text: string): string[] {
  return checkWalls(new Map([...MANIFESTS, [path, text]])).map((violation) => violation.rule);
}

const CORE = 'packages/core/src/receipt/hash.ts';
const VAULT = 'packages/server/src/vault/seal.ts';
const GATEWAY = 'packages/server/src/gateway/providers/openai.ts';
const APP = 'packages/server/src/app/wiring.ts';
const CLI = 'packages/cli/src/start.ts';

describe('the tree as it stands', () => {
  it('keeps every wall', () => {
    expect(report(checkWalls(readTree(undefined, (path) => /\.tsx?$|package\.json$/.test(path))))).toBe('');
  });

  it('has a place in the storey table for every room', () => {
    const rooms = listFiles().flatMap((path) => /^packages\/server\/src\/([^/]+)\//.exec(path)?.[1] ?? []);
    expect([...new Set(rooms)].filter((room) => !(room in STOREY_OF_ROOM))).toEqual([]);
  });
});

describe('each way of naming a file is seen', () => {
  it.each([
    ['static import', `import { a } from '#ledger';`],
    ['side-effect import', `import '#ledger';`],
    ['type import', `import type { A } from '#ledger';`],
    ['inline type import', `import { type A } from '#ledger';`],
    ['import type in a type', `type A = import('#ledger').A;`],
    ['dynamic import', `const a = await import('#ledger');`],
    ['template import', 'const a = await import(`#ledger`);'],
    ['import equals', `import a = require('#ledger');`],
    ['export from', `export { a } from '#ledger';`],
    ['export all', `export * from '#ledger';`],
    ['export type from', `export type { A } from '#ledger';`],
    ['require', `const a = require('#ledger');`],
    ['createRequire', `import { createRequire } from 'node:module'; createRequire(import.meta.url)('#ledger');`],
    ['require.resolve', `const a = require.resolve('#ledger');`],
    ['import.meta.resolve', `const a = import.meta.resolve('#ledger');`],
  ])('%s', (_name, text) => expect(rulesBroken(VAULT, text)).toEqual(['storey']));

  it.each([
    ['new URL', `new URL('../ledger/worker.ts', import.meta.url);`, 'room-up'],
    ['new URL with a hole', 'new URL(`./sql/${name}.sql`, import.meta.url);', undefined],
    ['new URL with an open start', 'new URL(`${name}.ts`, import.meta.url);', 'unseen'],
    ['an import whose name is only known at run time', 'await import(name);', 'unseen'],
    ['an import by an absolute path', `import a from '/srv/a.ts';`, 'absolute'],
    ['a triple-slash reference', '/// <reference types="node" />', 'reference'],
  ])('%s', (_name, text, rule) => expect(rulesBroken(VAULT, text)).toEqual(rule === undefined ? [] : [rule]));

  it('is not fooled by comments and strings', () => {
    expect(rulesBroken(VAULT, `// import '#ledger';\nexport const text = "import '#ledger'";`)).toEqual([]);
  });
});

describe('a planted violation of each wall is caught', () => {
  it.each([
    ['core → node', CORE, `import fs from 'node:fs';`, 'core-import'],
    ['core → a library', CORE, `import { Hono } from 'hono';`, 'core-import'],
    ['core → server', CORE, `import { start } from '@tallystick/server';`, 'package'],
    ['core → a # door', CORE, `import { now } from '#ground/clock';`, 'door-outside'],
    ['core leaves its package', CORE, `import { a } from '../../../server/src/ground/clock.ts';`, 'package-up'],
    ['ground → vault', 'packages/server/src/ground/http.ts', `import { a } from '#vault';`, 'storey'],
    ['vault → ledger', VAULT, `import { a } from '#ledger';`, 'storey'],
    ['ledger → vault', 'packages/server/src/ledger/writer.ts', `import { a } from '#vault';`, 'storey'],
    ['ledger → gateway', 'packages/server/src/ledger/writer.ts', `import { a } from '#gateway';`, 'storey'],
    ['gateway → settle', GATEWAY, `import { a } from '#settle';`, 'storey'],
    ['a test → a neighbour', 'packages/server/src/gateway/a.test.ts', `import { a } from '#settle';`, 'storey'],
    ['gateway → app', GATEWAY, `import { a } from '#app';`, 'app'],
    ['../ out of a room', GATEWAY, `import { a } from '../../ledger/index.ts';`, 'room-up'],
    ['../ into the root of src', GATEWAY, `import { a } from '../../stray.ts';`, 'room-up'],
    ['the own door from inside', GATEWAY, `import { a } from '#gateway';`, 'own-door'],
    ['a room deeper than its door', APP, `import { a } from '#ledger/sql/hold';`, 'door'],
    ['ground without a file', APP, `import { a } from '#ground';`, 'door'],
    ['a room that is not in the table', APP, `import { a } from '#cellar';`, 'unknown-room'],
    ['a file in such a room', 'packages/server/src/cellar/a.ts', 'export {};', 'unknown-room'],
    ['a file in no room', 'packages/server/src/stray.ts', 'export {};', 'unknown-room'],
    ['a package that is not in the table', 'packages/shed/src/a.ts', 'export {};', 'unknown-package'],
    ['server → sandbox', APP, `import { a } from '@tallystick/sandbox/main';`, 'package'],
    ['server → core by a side door', APP, `import { a } from '@tallystick/core/src/errors.ts';`, 'package-door'],
    ['server → an undeclared dependency', APP, `import got from 'got';`, 'undeclared'],
    ['cli → the daemon', CLI, `import { main } from '@tallystick/server/main';`, 'app'],
    ['cli → server', CLI, `import { main } from '@tallystick/server';`, 'package'],
    ['cli → server, dynamically', CLI, `await import('@tallystick/server/main');`, 'app'],
    ['cli leaves its package', CLI, `import { main } from '../../server/src/app/main.ts';`, 'package-up'],
    ['sdk → server', 'packages/sdk/src/client.ts', `import type { A } from '@tallystick/server';`, 'package'],
    ['console → node', 'packages/console/src/page.tsx', `import fs from 'node:fs';`, 'browser'],
    ['provider → sdk', 'packages/provider/src/main.ts', `import { a } from '@tallystick/sdk';`, 'package'],
    ['sandbox → server', 'packages/sandbox/src/main.ts', `import { a } from '@tallystick/server';`, 'package'],
    ['sandbox → core', 'packages/sandbox/src/main.ts', `import { a } from '@tallystick/core';`, 'package'],
    ['core → contracts', CORE, `import { artifacts } from '@tallystick/contracts';`, 'package'],
    ['server → an artifact by its file', APP, `import { a } from '@tallystick/contracts/artifacts/a.ts';`, 'package-door'],
    ['contracts → core', 'contracts/deployables.ts', `import { a } from '@tallystick/core';`, 'package'],
    ['contracts → a neighbour', 'contracts/deployables.ts', `import { a } from '../packages/core/src/index.ts';`, 'package-up'],
    ['bench → the daemon', 'bench/src/bench.ts', `import '@tallystick/server/main';`, 'app'],
    ['bench → the ledger', 'bench/src/bench.ts', `import '../../packages/server/src/ledger/index.ts';`, 'package-up'],
    ['bench → what else the tests use', 'bench/src/ledger/a.ts', `import '../../../tests/support/stage.ts';`, 'package-up'],
    ['bench of the ledger → another room', 'bench/src/ledger/a.ts', `import '../../../packages/server/src/vault/index.ts';`, 'package-up'],
    ['a script → the daemon', 'scripts/a.ts', `import '../packages/server/src/app/main.ts';`, 'app'],
  ])('%s', (_name, path, text, rule) => expect(rulesBroken(path, text)).toEqual([rule]));
});

describe('what is lawful passes', () => {
  it.each([
    [
      'core and its libraries',
      CORE,
      `import { sha256 } from '@noble/hashes/sha2.js'; import { z } from 'zod'; import { a } from '../units.ts';`,
    ],
    [
      'a core test and its tools',
      'packages/core/src/a.test.ts',
      `import fs from 'node:fs'; import { it } from 'vitest'; import fc from 'fast-check';`,
    ],
    [
      'gateway and lower storeys',
      GATEWAY,
      `import '#ground/clock'; import '#vault'; import '#ledger'; import '@tallystick/core'; import 'hono';`,
    ],
    ['server → contracts', APP, `import { artifacts } from '@tallystick/contracts'; import { a } from '@tallystick/contracts/foundry';`],
    ['up inside the room', GATEWAY, `import { a } from '../admit.ts';`],
    ['app and all rooms', APP, `import '#gateway'; import '#settle'; import '#ledger'; import '#ground/config';`],
    ['cli resolves the door of the daemon', CLI, `const path = import.meta.resolve('@tallystick/server/main');`],
    ['a package reads its own manifest', CLI, `new URL('../package.json', import.meta.url);`],
    ['bench → a throw-away PostgreSQL', 'bench/src/a.ts', `import '../../tests/support/postgres-cluster.ts';`],
    ['bench of the ledger → the ledger', 'bench/src/ledger/a.ts', `import '../../../packages/server/src/ledger/index.ts';`],
    ['tests import anything', 'tests/e2e/a.test.ts', `import '../../packages/server/src/app/main.ts'; import '@tallystick/server/main';`],
  ])('%s', (_name, path, text) => expect(rulesBroken(path, text)).toEqual([]));
});
