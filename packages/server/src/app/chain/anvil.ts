import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { TallyError } from '@tallystick/core';

const START_WITHIN_MS = 15_000;
/**
 * This process holds the other end of its standard input, which closes however this process ends. Then what watches it ends the whole group;
 * it is of the group itself, so the group's id cannot have become another's.
 */
const WITH_PARENT = 'exec 3<&0; (read -r end <&3; kill -9 -$$) >/dev/null 2>&1 & exec "$@" </dev/null 3<&-';
/** Of a shell whose program could not be run. */
const NOT_RUN: readonly (number | null)[] = [126, 127];

export type Anvil = {
  readonly child: ChildProcess;
  readonly pid: number;
  /** As the process list shows it. */
  readonly command: string;
  readonly port: number;
  /** Resolves when it has ended, by itself or by `end`. */
  readonly ended: Promise<void>;
  /** At once: its state is kept by who asks it for it, not by itself. */
  end(): Promise<void>;
};

export type AnvilOptions = { readonly path: string; readonly port: number; readonly chainId: number; readonly state: string | null };

/**
 * Starts anvil on loopback; it ends with this process, however that ends. The port is what it says that it has bound: another program's
 * answer on a port that was taken is never mistaken for its own.
 * @throws CHAIN_EMBEDDED_FAILED
 */
export async function startAnvil({ path, port, chainId, state }: AnvilOptions): Promise<Anvil> {
  const args = ['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(chainId), '--no-cors'];
  if (state !== null) args.push('--load-state', state);
  // A group of its own: Ctrl-C in a terminal is for the daemon, which asks for the last state first.
  const child = spawn('/bin/sh', ['-c', WITH_PARENT, 'sh', path, ...args], { stdio: ['pipe', 'pipe', 'ignore'], detached: true, env: {} });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const end = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  try {
    const bound = await boundPort(child);
    return { child, pid: child.pid ?? 0, command: [path, ...args].join(' '), port: bound, ended, end };
  } catch (error) {
    if (child.pid !== undefined) await end();
    throw error;
  }
}

function boundPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      clearTimeout(timer);
      reject(new TallyError('CHAIN_EMBEDDED_FAILED', `anvil did not start: ${why}.`));
    };
    const timer = setTimeout(() => fail('it said nothing in time'), START_WITHIN_MS);
    child.once('error', () => fail('it could not be run'));
    child.once('exit', (code) =>
      fail(NOT_RUN.includes(code) ? 'it could not be run' : 'it ended at once; its port may be taken, or its state unreadable'),
    );
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    // It prints each transaction too: read on, or it would wait for a reader.
    lines.on('line', (line) => {
      const bound = /^Listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (bound === undefined) return;
      clearTimeout(timer);
      resolve(Number(bound));
    });
  });
}

/** A process that was left over where what watches it was killed as well, if it still is what it was. */
export function killLeftover(pid: number, command: string): void {
  try {
    const args = execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
    if (args.trim() === command) process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone, or no longer ours.
  }
}

let asked = 0;

/** One JSON-RPC request to an anvil of our own; what anybody else's node says is read by `httpNode`. @throws CHAIN_EMBEDDED_FAILED */
export async function rpc<T>(url: string, method: string, params: readonly unknown[] = [], withinMs = 10_000): Promise<T> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++asked, method, params }),
      signal: AbortSignal.timeout(withinMs),
    });
    const { result, error } = (await response.json()) as { result?: T; error?: unknown };
    if (error === undefined && result !== undefined) return result;
  } catch (cause) {
    throw new TallyError('CHAIN_EMBEDDED_FAILED', 'The chain does not answer.', {}, { cause });
  }
  throw new TallyError('CHAIN_EMBEDDED_FAILED', `The chain refuses ${method}.`);
}
