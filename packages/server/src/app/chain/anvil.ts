import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createInterface } from 'node:readline';
import { TallyError } from '@tallystick/core';

const START_WITHIN_MS = 15_000;
const SETPRIV = '/usr/bin/setpriv';

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
 * Starts anvil on loopback. The port is what it says that it has bound: another program's answer on a port that was taken is never
 * mistaken for its own.
 * @throws CHAIN_EMBEDDED_FAILED
 */
export async function startAnvil({ path, port, chainId, state }: AnvilOptions): Promise<Anvil> {
  const args = ['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(chainId), '--no-cors'];
  if (state !== null) args.push('--load-state', state);
  const [command, given] = dyingWithParent(path, args);
  // A group of its own: Ctrl-C in a terminal is for the daemon, which asks for the last state first.
  const child = spawn(command, given, { stdio: ['ignore', 'pipe', 'ignore'], detached: true, env: {} });
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

/** Linux kills it when its parent ends, however that ends. Beside that its parent and the daemon watch each other. */
function dyingWithParent(path: string, args: readonly string[]): [string, readonly string[]] {
  if (process.platform !== 'linux' || !isThere(SETPRIV)) return [path, args];
  return [SETPRIV, ['--pdeathsig', 'KILL', path, ...args]];
}

function isThere(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
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
    child.once('exit', () => fail('it ended at once; its port may be taken, or its state unreadable'));
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

/** A process that was left over where nothing kills it with its parent, if it still is what it was. */
export function killLeftover(pid: number, command: string): void {
  try {
    const args = execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
    if (args.trim() === command) process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone, or no longer ours.
  }
}

/** `fetch` takes no user in a URL, where some providers put their key. */
function withoutUser(text: string): { readonly href: string; readonly headers: Readonly<Record<string, string>> } {
  const url = new URL(text);
  if (url.username === '' && url.password === '') return { href: text, headers: {} };
  const user = Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString('base64');
  url.username = '';
  url.password = '';
  return { href: url.href, headers: { authorization: `Basic ${user}` } };
}

let asked = 0;

/** One JSON-RPC request. @throws CHAIN_EMBEDDED_FAILED */
export async function rpc<T>(url: string, method: string, params: readonly unknown[] = [], withinMs = 10_000): Promise<T> {
  try {
    const { href, headers } = withoutUser(url);
    const response = await fetch(href, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
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
