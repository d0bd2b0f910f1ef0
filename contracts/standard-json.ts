/**
 * The compiler's input for one contract: what a block explorer asks for to verify it. It holds the contract's own sources and those that they
 * import, under the paths and with the settings of `foundry.toml`, so that the bytecode is the one in `artifacts/`; a test compiles it and compares.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, posix, sep } from 'node:path';
import type { Deployable } from './deployables.ts';

const REMAPPINGS: Readonly<Record<string, string>> = {
  '@openzeppelin/': 'node_modules/@openzeppelin/',
  'solady/': 'node_modules/solady/src/',
};

const SETTINGS = {
  remappings: Object.entries(REMAPPINGS).map(([from, to]) => `${from}=${to}`),
  optimizer: { enabled: true, runs: 10_000 },
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  evmVersion: 'prague',
  viaIR: true,
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
} as const;

export type StandardJson = {
  /** As an explorer names it: `contracts/src/money/CreditVault.sol:CreditVault`. */
  readonly contract: string;
  readonly input: {
    readonly language: 'Solidity';
    readonly sources: Readonly<Record<string, { readonly content: string }>>;
    readonly settings: typeof SETTINGS;
  };
};

/** OpenZeppelin's own, which is deployed as it is. */
const AUTHORITY = 'node_modules/@openzeppelin/contracts/access/manager/AccessManager.sol';

export function standardJson(name: Deployable): StandardJson {
  const path = name === 'AccessManager' ? AUTHORITY : pathOf(name);
  const sources = new Map<string, { content: string }>();
  collect(path, sources);
  const sorted = Object.fromEntries([...sources].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { contract: `${path}:${name}`, input: { language: 'Solidity', sources: sorted, settings: SETTINGS } };
}

function pathOf(name: string): string {
  const root = join(import.meta.dirname, 'src');
  const found = readdirSync(root, { recursive: true, encoding: 'utf8' }).find((path) => path.split(sep).at(-1) === `${name}.sol`);
  if (found === undefined) throw new Error(`there is no source of ${name}`);
  return `contracts/src/${found.split(sep).join('/')}`;
}

function collect(path: string, into: Map<string, { content: string }>): void {
  if (into.has(path)) return;
  const content = readFileSync(fileOf(path), 'utf8');
  into.set(path, { content });
  for (const [, target = ''] of content.matchAll(/^\s*(?:import\s[^;"']*|\}\s*from\s*)["']([^"']+)["']\s*;/gm)) {
    collect(resolved(path, target), into);
  }
}

function resolved(from: string, target: string): string {
  if (target.startsWith('.')) return posix.join(posix.dirname(from), target);
  const [prefix, folder] = Object.entries(REMAPPINGS).find(([each]) => target.startsWith(each)) ?? [];
  if (prefix === undefined || folder === undefined) throw new Error(`${from} imports ${target}, which no remapping leads to`);
  return folder + target.slice(prefix.length);
}

/** `node_modules` is wherever the packages are installed, above or beside this one. */
function fileOf(path: string): string {
  const beside = join(dirname(import.meta.dirname), path);
  if (!path.startsWith('node_modules/') || existsSync(beside)) return beside;
  const [, scope = '', name = ''] = path.split('/');
  const id = scope.startsWith('@') ? `${scope}/${name}` : scope;
  return join(dirname(createRequire(import.meta.url).resolve(`${id}/package.json`)), path.slice(`node_modules/${id}`.length));
}
