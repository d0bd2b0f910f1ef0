/** One bash session that runs the blocks of a document in order, as a reader would type them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Block, missingLine } from './extract.ts';

export type SessionOptions = { readonly cwd: string; readonly env: Record<string, string>; readonly block_ms_max: number };
export type Failure = { readonly line: number; readonly why: string; readonly output: string };

/** Runs every block; the first failure ends it. All processes that the blocks left behind are stopped at the end. */
export async function runBlocks(blocks: readonly Block[], options: SessionOptions): Promise<Failure | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'tally-readme-'));
  const bash = spawn('bash', ['--noprofile', '--norc'], {
    cwd: options.cwd,
    env: { ...readersEnvironment(), ...options.env },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // A command that fails under `set -e` ends the shell; writing to it then must not end us.
  bash.stdin?.on('error', () => {});
  try {
    bash.stdin?.write('set -eo pipefail\n');
    for (const [index, block] of blocks.entries()) {
      const failure = await runBlock(bash, block, join(folder, String(index)), options.block_ms_max);
      if (failure) return failure;
    }
    return undefined;
  } finally {
    await stop(bash);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runBlock(bash: ChildProcess, block: Block, base: string, ms_max: number): Promise<Failure | undefined> {
  const [script, out, done] = [`${base}.sh`, `${base}.out`, `${base}.done`];
  writeFileSync(script, `${block.commands}\n`);
  writeFileSync(out, '');
  const source = `source '${script}' </dev/null >'${out}' 2>&1`;
  bash.stdin?.write(block.background ? `{ ${source}; } &\n` : `${source}; echo $? >'${done}'\n`);
  const read = () => readFileSync(out, 'utf8');
  const shown = () => block.outputs.every((text) => missingLine(text, read()) === undefined);
  const ready = () => (block.background ? shown() : existsSync(done));
  const deadline_ms = Date.now() + ms_max;
  while (!ready() && bash.exitCode === null && Date.now() < deadline_ms) await sleep(20);
  const fail = (why: string): Failure => ({ line: block.line, why, output: read() });
  if (bash.exitCode !== null && !ready()) return fail(`a command failed with exit code ${bash.exitCode}`);
  const missing = block.outputs.map((text) => missingLine(text, read())).find((line) => line !== undefined);
  if (missing !== undefined) return fail(`the output does not show: ${missing}`);
  if (!ready()) return fail(`not finished after ${ms_max} ms`);
  for (const { name, pattern } of block.captures) {
    const found = pattern.exec(read());
    if (!found) return fail(`nothing to capture for ${name}: ${pattern}`);
    bash.stdin?.write(`export ${name}='${(found[1] ?? found[0]).replaceAll("'", "'\\''")}'\n`);
  }
  return undefined;
}

/** Politely first, so that a daemon closes its books; then for good. The group holds all that the blocks started. */
async function stop(bash: ChildProcess): Promise<void> {
  const group = -(bash.pid ?? 0);
  if (group === 0) return;
  bash.stdin?.destroy();
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (let waits = 0; waits < (signal === 'SIGTERM' ? 100 : 10); waits += 1) {
      try {
        process.kill(group, waits === 0 ? signal : 0);
      } catch {
        return; // Nobody is left in the group.
      }
      await sleep(50);
    }
  }
}

/** A reader's shell knows nothing of the test runner or of npm: neither their variables nor node_modules/.bin in the PATH. */
function readersEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|VITEST|TALLY_|NODE_OPTIONS$|NODE_ENV$|NO_COLOR$|HOST$|PORT$|INIT_CWD$)/.test(name),
  );
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules') && !folder.includes('node-gyp-bin'));
  return { ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ''])), PATH: path.join(delimiter) };
}
