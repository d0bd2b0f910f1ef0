/**
 * The one test command: lint, types and the contracts, then every other test in its short form (`--long`: the deep forms of tests/long/, and long runs
 * of the contracts' fuzz tests and invariants). Ends with a line `N passed, N failed, N skipped`; lint, types, the contracts' lints and their gas count
 * as one test each. Other arguments go to vitest, and then only what it is told runs after lint and types: the contracts do not.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Counts } from './counts.ts';
import { forge, testContracts } from './forge.ts';
import { checkGas } from './gas.ts';
import { lint } from './lint.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

export type Total = { readonly lines: readonly string[]; readonly ok: boolean };

const NONE: Counts = { passed: 0, failed: 0, skips: [] };

/** The closing lines: skips aloud, then the sum. `counts` is undefined when the test run ended without a report. */
export function closing(steps: ReadonlyMap<string, boolean>, counts: Counts | undefined, contracts: Counts = NONE): Total {
  const bad = [...steps].filter(([, ok]) => !ok).map(([name]) => name);
  const skips = [...contracts.skips, ...(counts?.skips ?? [])];
  const silent = skips.filter((skip) => skip.reason === undefined).length;
  const ran = (counts?.passed ?? 0) + (counts?.failed ?? 0);
  const lines = skips.map(({ name, reason }) => `skipped: ${name}: ${reason ?? 'no reason given, which counts as a failure'}`);
  lines.push(...bad.map((name) => `failed: ${name}`));
  if (counts === undefined) lines.push('failed: the test run ended without a report');
  else if (ran === 0) lines.push('failed: no test ran');
  const passed = steps.size - bad.length + (counts?.passed ?? 0) + contracts.passed;
  const failed = bad.length + (counts?.failed ?? 0) + contracts.failed + silent + (ran === 0 ? 1 : 0);
  lines.push(`${passed} passed, ${failed} failed, ${skips.length - silent} skipped`);
  return { lines, ok: failed === 0 };
}

type Env = Readonly<Record<string, string>>;

/** A tool of node_modules under this same Node, so that the pinned version is used whatever the machine has. */
function start(path: string, args: readonly string[], { env = {}, output = 'inherit' }: { env?: Env; output?: 'inherit' | 'pipe' } = {}) {
  const colour = process.stdout.isTTY ? {} : { NO_COLOR: '1' };
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(ROOT, 'node_modules', path), ...args], {
    cwd: ROOT,
    stdio: ['ignore', output, output],
    env: { ...process.env, ...colour, ...env },
  });
}

async function succeeds(child: ChildProcess): Promise<boolean> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0;
}

/** As `succeeds`, for tools that run at the same time: what each has said is shown in one piece. */
async function succeedsAloud(child: ChildProcess): Promise<boolean> {
  const said: Buffer[] = [];
  for (const output of [child.stdout, child.stderr]) output?.on('data', (part: Buffer) => said.push(part));
  const [code] = (await once(child, 'close')) as [number | null];
  process.stdout.write(Buffer.concat(said));
  return code === 0;
}

async function runTests(args: readonly string[], long: boolean): Promise<{ ok: boolean; counts: Counts | undefined }> {
  const folder = mkdtempSync(join(tmpdir(), 'tally-test-'));
  const path = join(folder, 'counts.json');
  try {
    const env = { TALLY_TEST_COUNTS: path, ...(long ? { TALLY_TEST_LONG: '1' } : {}) };
    const reporters = ['--reporter=default', '--reporter=./scripts/counts.ts'];
    const ok = await succeeds(start('vitest/vitest.mjs', ['run', ...reporters, ...args], { env }));
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

/**
 * The contracts: tests, and beside them gas, which compiles what is deployed; each compiler is one process, and each has its own cache. Then lints.
 * Without forge all three are one skip, which the tests say.
 */
async function runContracts(long: boolean): Promise<{ steps: ReadonlyMap<string, boolean>; counts: Counts }> {
  const [tests, gas] = await Promise.all([testContracts(long), checkGas()]);
  console.log(`contracts: ${tests.shown}`);
  const steps = new Map<string, boolean>();
  if (tests.broken) steps.set('contracts', false);
  if (gas !== undefined) {
    if (gas.lines.length > 0) console.log(gas.lines.join('\n'));
    steps.set('gas', gas.ok);
  }
  const lints = await forge(['lint', 'contracts/src']);
  if (lints !== undefined) {
    if (lints.code !== 0) console.log(lints.out);
    steps.set('contract lints', lints.code === 0);
  }
  return { steps, counts: tests.counts };
}

async function main(args: readonly string[]): Promise<number> {
  const long = args.includes('--long');
  const others = args.filter((arg) => arg !== '--long');
  // Before the tests and not beside them: some of those measure time.
  const [linted, typecheck, contracts] = await Promise.all([
    lint(),
    succeedsAloud(start('typescript/bin/tsc', ['-b'], { output: 'pipe' })),
    others.length === 0 ? runContracts(long) : { steps: new Map<string, boolean>(), counts: NONE },
  ]);
  const run = await runTests(others, long);
  const steps = new Map([['lint', linted], ['typecheck', typecheck], ...contracts.steps]);
  const total = closing(steps, run.counts, contracts.counts);
  if (others.length > 0) console.log('The contracts were not tested: arguments were given.');
  console.log(total.lines.join('\n'));
  if (total.ok && !run.ok) console.error('The test runner failed without naming a test.');
  return total.ok && run.ok ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
