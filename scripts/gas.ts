/**
 * `npm run gas`: measures the gas tests (contracts/test/gas) and writes contracts/gas.json; `npm run gas -- --check` writes nothing and fails where a figure grew,
 * or where one is not recorded. A figure is the execution of one call, as its test says by `vm.snapshotGasLastCall`: without the transaction's 21,000 and its calldata,
 * where its name does not say that they are in it. There is no randomness in them: the same code has the same figures on every machine.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NO_FORGE } from '../contracts/tools/foundry.js';
import { forge, readForgeTests } from './forge.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const RECORDED = join(ROOT, 'contracts/gas.json');
const EMITTED = join(ROOT, 'contracts/cache/gas');
const TESTS = join(ROOT, 'contracts/test/gas');

/** Name of a case, `Suite: case`, to its gas. */
export type Figures = Readonly<Record<string, number>>;
export type Measured = { readonly figures: Figures; readonly failure: string | undefined };

const sorted = (figures: Iterable<readonly [string, number]>): Figures =>
  Object.fromEntries([...figures].sort(([a], [b]) => (a < b ? -1 : Number(a > b))));

/** A case of the contract `MoneyGasTest` is `Money: case`, whether the test says so itself or not. */
export function nameOf(contract: string, name: string): string {
  const suite = contract.replace(/(Gas)?(Test)?$/, '');
  return name.startsWith(`${suite}: `) ? name : `${suite}: ${name}`;
}

/** @returns undefined where there is no forge. */
export async function measure(): Promise<Measured | undefined> {
  // Forge takes a path without tests for an error.
  if (!existsSync(TESTS)) return { figures: {}, failure: undefined };
  rmSync(EMITTED, { recursive: true, force: true });
  const ran = await forge(['test', '--gas-snapshot-emit', 'true', '--match-path', 'contracts/test/gas/*']);
  if (ran === undefined) return undefined;
  const { counts, broken, shown } = readForgeTests(ran);
  if (broken || counts.failed > 0) return { figures: {}, failure: shown };
  const suites = existsSync(EMITTED) ? readdirSync(EMITTED).filter((name) => name.endsWith('.json')) : [];
  const figures = suites.flatMap((file) => {
    const cases = JSON.parse(readFileSync(join(EMITTED, file), 'utf8')) as Record<string, string>;
    return Object.entries(cases).map(([name, gas]) => [nameOf(basename(file, '.json'), name), Number(gas)] as const);
  });
  return { figures: sorted(figures), failure: undefined };
}

export type Comparison = { readonly lines: readonly string[]; readonly ok: boolean };

/** Growth, and figures that only one side has, fail; what shrank is told, so that it gets recorded. */
export function compare(recorded: Figures, now: Figures): Comparison {
  const told = (name: string) =>
    `${name}: ${recorded[name]} → ${now[name]} (${(now[name] ?? 0) > (recorded[name] ?? 0) ? '+' : ''}${(now[name] ?? 0) - (recorded[name] ?? 0)})`;
  const both = Object.keys(now).filter((name) => name in recorded);
  const grown = both.filter((name) => (now[name] ?? 0) > (recorded[name] ?? 0));
  const shrunk = both.filter((name) => (now[name] ?? 0) < (recorded[name] ?? 0));
  const added = Object.keys(now).filter((name) => !(name in recorded));
  const gone = Object.keys(recorded).filter((name) => !(name in now));
  const lines = [
    ...grown.map((name) => `gas grew: ${told(name)}`),
    ...shrunk.map((name) => `gas shrank: ${told(name)}; npm run gas records it`),
    ...added.map((name) => `gas is not recorded: ${name}: ${now[name]}; npm run gas records it`),
    ...gone.map((name) => `gas is recorded but no longer measured: ${name}; npm run gas strikes it`),
  ];
  return { lines, ok: grown.length + added.length + gone.length === 0 };
}

export function recorded(): Figures {
  return existsSync(RECORDED) ? (JSON.parse(readFileSync(RECORDED, 'utf8')) as Figures) : {};
}

/** As part of `npm test`. @returns undefined where there is no forge: the skip is the contracts', and said there. */
export async function checkGas(): Promise<Comparison | undefined> {
  const measured = await measure();
  if (measured === undefined) return undefined;
  return measured.failure === undefined ? compare(recorded(), measured.figures) : { lines: [measured.failure], ok: false };
}

async function main(check: boolean): Promise<number> {
  const measured = await measure();
  const failure = measured === undefined ? NO_FORGE : measured.failure;
  if (measured === undefined || failure !== undefined) {
    console.error(failure);
    return 1;
  }
  const { lines, ok } = compare(recorded(), measured.figures);
  for (const line of lines) console.log(check ? line : line.replace(/; npm run gas .*/, ''));
  console.log(`${Object.keys(measured.figures).length} figures${check ? '' : ', recorded in contracts/gas.json'}`);
  if (check) return ok ? 0 : 1;
  writeFileSync(RECORDED, `${JSON.stringify(measured.figures, undefined, 2)}\n`);
  return 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.includes('--check'));
