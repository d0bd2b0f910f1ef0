import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { daemonMain, sandboxMain } from './mains.ts';

export type Env = Readonly<Record<string, string | undefined>>;
type Terminal = { readonly isTTY?: boolean };

/** All that a command touches of its surroundings, passed in so that a test can stand in for it. */
export type Io = {
  readonly env: Env;
  readonly cwd: string;
  readonly stdin: Readable & Terminal & { setRawMode?(on: boolean): unknown };
  readonly stdout: Writable & Terminal;
  readonly stderr: Writable & Terminal;
  /** Unix ms. */
  now(): number;
  sleep(ms: number): Promise<unknown>;
  readonly mains: { daemon(): string; sandbox(): string };
  /** Becomes another program: same process, same terminal, same signals. Returns only where it fails. */
  replace(args: readonly string[]): void;
};

export const NODE_FLAGS: readonly string[] = ['--disable-warning=ExperimentalWarning'];

export function systemIo(): Io {
  // A reader that has left (`tally source list | head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  return {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    now: Date.now,
    sleep: (ms) => delay(ms),
    mains: { daemon: daemonMain, sandbox: sandboxMain },
    replace: (args) => process.execve?.(process.execPath, [process.execPath, ...NODE_FLAGS, ...args], process.env),
  };
}
