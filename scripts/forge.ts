/** Forge for the scripts: found once, run in the profile that is asked for, else in that which is deployed, whatever the shell says, its words read where they are needed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFoundry, forgeEnv, NO_FORGE } from '../contracts/tools/foundry.js';
import type { Counts, Skip } from './counts.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

export type Ran = { readonly code: number | null; readonly out: string };
/** One run of the contracts' tests. `broken`: forge ended without saying how many tests ran, or failed though none did. */
export type ForgeTests = { readonly counts: Counts; readonly broken: boolean; readonly shown: string };

/** @returns how it ended and all that it said; undefined where there is no forge. */
export async function forge(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran | undefined> {
  const path = findFoundry('forge');
  if (path === undefined) return undefined;
  const child = spawn(path, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...forgeEnv(), NO_COLOR: '1', FOUNDRY_PROFILE: 'default', ...env },
  });
  const said: Buffer[] = [];
  for (const output of [child.stdout, child.stderr]) output.on('data', (part: Buffer) => said.push(part));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out: Buffer.concat(said).toString() };
}

const TOTAL = /^Ran \d+ test suites? in .*: (\d+) tests passed, (\d+) failed, (\d+) skipped/m;
const SKIPPED = /^\[SKIP(?:: (.*))?\] (\w+)\(/gm;

/** What a run of `forge test` said: counts, and what is worth showing of it. */
export function readForgeTests({ code, out }: Ran): ForgeTests {
  const total = TOTAL.exec(out);
  if (total === null) return { counts: { passed: 0, failed: 0, skips: [] }, broken: true, shown: out };
  const [passed, failed, skipped] = total.slice(1, 4).map(Number) as [number, number, number];
  const said: Skip[] = [...out.matchAll(SKIPPED)].map(([, reason, name]) => ({ name: `contracts > ${name}`, reason: reason || undefined }));
  // Forge repeats nothing of a skip at the end: where fewer were said than counted, the rest have no reason.
  const silent = Array.from({ length: Math.max(0, skipped - said.length) }, (): Skip => ({ name: 'contracts', reason: undefined }));
  const broken = code !== 0 && failed === 0;
  const from = broken ? 0 : out.indexOf('Failing tests:');
  return { counts: { passed, failed, skips: [...said, ...silent] }, broken, shown: from < 0 ? total[0] : out.slice(from) };
}

/** Parts in which all tests are compiled as they are deployed: at once they are more than the compiler's 4 GiB of memory. */
const TESTS = 'contracts/test';
const PARTS_OF_FOLDER = ['unit'];

function longParts(): readonly string[] {
  return readdirSync(join(ROOT, TESTS), { withFileTypes: true }).flatMap(({ name }) => {
    if (name === 'gas' || name === 'support' || name.includes('.')) return [];
    if (!PARTS_OF_FOLDER.includes(name)) return [`${TESTS}/${name}/**`];
    return readdirSync(join(ROOT, TESTS, name)).map((inner) => `${TESTS}/${name}/${inner}/**`);
  });
}

/**
 * All tests of the contracts but the gas tests: unit, fuzz and invariants. `long`: compiled as they are deployed, a part at a time, and many more
 * runs of the last two. Without forge one skip, aloud.
 */
export async function testContracts(long: boolean): Promise<ForgeTests> {
  // Via IR and optimised, all tests take the compiler minutes, which only the long run has; the gas tests run so in either.
  const runs: (Ran | undefined)[] = [];
  if (!long) runs.push(await forge(['test', '--no-match-path', 'contracts/test/gas/*'], { FOUNDRY_PROFILE: 'quick' }));
  else for (const part of longParts()) runs.push(await forge(['test', '--match-path', part], { FOUNDRY_PROFILE: 'long' }));
  const ran = runs.flatMap((run) => (run === undefined ? [] : [readForgeTests(run)]));
  if (ran.length === 0)
    return { counts: { passed: 0, failed: 0, skips: [{ name: 'contracts', reason: NO_FORGE }] }, broken: false, shown: NO_FORGE };
  return ran.reduce(joined);
}

function joined(all: ForgeTests, part: ForgeTests): ForgeTests {
  const counts = {
    passed: all.counts.passed + part.counts.passed,
    failed: all.counts.failed + part.counts.failed,
    skips: [...all.counts.skips, ...part.counts.skips],
  };
  return { counts, broken: all.broken || part.broken, shown: `${all.shown}\n${part.shown}` };
}
