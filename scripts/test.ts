/**
 * The one test command: lint, types, then every test in its short form (`--long`: the deep forms of tests/long/ as well).
 * Ends with a line `N passed, N failed, N skipped`; lint and types count as one test each. Other arguments go to vitest.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Counts } from './counts.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

export type Total = { readonly lines: readonly string[]; readonly ok: boolean };

/** The closing lines: skips aloud, then the sum. `counts` is undefined when the test run ended without a report. */
export function closing(steps: ReadonlyMap<string, boolean>, counts: Counts | undefined): Total {
  const bad = [...steps].filter(([, ok]) => !ok).map(([name]) => name);
  const skips = counts?.skips ?? [];
  const silent = skips.filter((skip) => skip.reason === undefined).length;
  const ran = (counts?.passed ?? 0) + (counts?.failed ?? 0);
  const lines = skips.map(({ name, reason }) => `skipped: ${name}: ${reason ?? 'no reason given, which counts as a failure'}`);
  lines.push(...bad.map((name) => `failed: ${name}`));
  if (counts === undefined) lines.push('failed: the test run ended without a report');
  else if (ran === 0) lines.push('failed: no test ran');
  const passed = steps.size - bad.length + (counts?.passed ?? 0);
  const failed = bad.length + (counts?.failed ?? 0) + silent + (ran === 0 ? 1 : 0);
  lines.push(`${passed} passed, ${failed} failed, ${skips.length - silent} skipped`);
  return { lines, ok: failed === 0 };
}

/** Runs a tool of node_modules under this same Node, so that the pinned version is used whatever the machine has. */
function tool(path: string, args: readonly string[], env: Record<string, string> = {}): boolean {
  const colour = process.stdout.isTTY ? {} : { NO_COLOR: '1' };
  const { status } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', join(ROOT, 'node_modules', path), ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...colour, ...env },
  });
  return status === 0;
}

function runTests(args: readonly string[], long: boolean): { ok: boolean; counts: Counts | undefined } {
  const folder = mkdtempSync(join(tmpdir(), 'tally-test-'));
  const path = join(folder, 'counts.json');
  try {
    const env = { TALLY_TEST_COUNTS: path, ...(long ? { TALLY_TEST_LONG: '1' } : {}) };
    const ok = tool('vitest/vitest.mjs', ['run', '--reporter=default', '--reporter=./scripts/counts.ts', ...args], env);
    return { ok, counts: readCounts(path) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readCounts(path: string): Counts | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Counts;
  } catch {
    return undefined;
  }
}

function main(args: readonly string[]): number {
  const steps = new Map([
    ['lint', tool('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.'])],
    ['typecheck', tool('typescript/bin/tsc', ['-b'])],
  ]);
  const run = runTests(
    args.filter((arg) => arg !== '--long'),
    args.includes('--long'),
  );
  const total = closing(steps, run.counts);
  console.log(total.lines.join('\n'));
  if (total.ok && !run.ok) console.error('The test runner failed without naming a test.');
  return total.ok && run.ok ? 0 : 1;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
