import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../packages/server/src/app/main.ts', import.meta.url));
const START_WITHIN_MS = 120_000;

export type Ready = {
  readonly url: string;
  readonly virtual_key: string | null;
  readonly source_id: string | null;
  readonly cap: number | null;
  readonly pid: number;
  readonly chain: { readonly chain_id: number | null; readonly rpc: string } | null;
};

/** A real daemon in a process of its own, on a free port, with a data folder that outlives restarts. */
export type TestDaemon = Ready & {
  readonly dir: string;
  readonly stdout: () => string;
  readonly stderr: () => string;
  admin<T = Record<string, unknown>>(path: string, body?: unknown): Promise<{ status: number; body: T }>;
  /** Waits for the process to end and gives its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Removes the data folder too. */
  dispose(): Promise<void>;
};

/** A daemon of a test has no chain unless it asks for one: most need none, and each would start two processes more. */
export type DaemonOptions = { readonly dir?: string; readonly env?: Readonly<Record<string, string>>; readonly args?: readonly string[] };

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'tally-test-'));
}

/** What a daemon that has ended left behind, once more: several tests may go on from there. */
export function copyOfFolder(dir: string): string {
  const copy = temporaryFolder();
  // Node's own copy does not keep the mode of a folder, which the daemon looks at.
  execFileSync('cp', ['-a', `${dir}/.`, copy]);
  return copy;
}

/** Environment of a child: the test's own, without any setting of ours. */
export function cleanEnv(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('TALLY_') && !['HOST', 'PORT', 'CHAIN_RPC_URL'].includes(name),
  );
  return { ...Object.fromEntries(own), ...more };
}

export async function startDaemon(options: DaemonOptions = {}): Promise<TestDaemon> {
  const dir = options.dir ?? temporaryFolder();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, '--json', ...(options.args ?? [])], {
    cwd: dir,
    env: cleanEnv({ PORT: '0', TALLY_CHAIN: 'off', TALLY_DATA_DIR: join(dir, 'data'), ...options.env }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ready = JSON.parse(await firstLine(child, () => err)) as Ready;
  const token = () => readFileSync(join(dir, 'data', 'admin-token'), 'utf8').trim();
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => end(child, signal);
  return {
    ...ready,
    dir,
    stdout: () => out,
    stderr: () => err,
    stop,
    admin: async <T>(path: string, body?: unknown) => {
      const response = await fetch(`${ready.url}/api/admin${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${options.env?.['TALLY_ADMIN_TOKEN'] ?? token()}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as T };
    },
    dispose: async () => {
      await stop('SIGKILL');
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function firstLine(child: ChildProcess, errors: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the daemon was not ready in time: ${errors()}`));
    }, START_WITHIN_MS);
    child.once('exit', (code) => reject(new Error(`the daemon ended with ${code}: ${errors()}`)));
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', (line) => {
      clearTimeout(timer);
      resolve(line);
    });
  });
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill(signal);
  return ended;
}
