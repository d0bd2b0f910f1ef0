import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../house/portkey.ts';
import { openSocket } from '../../house/socket.ts';
import type { Site } from '../gateway.ts';

const PROGRAM = 'redis-server';
const TRIES = 100;
const TRY_MS = 50;

export function missingRedis(): string | null {
  try {
    execFileSync(PROGRAM, ['--version'], { stdio: 'ignore' });
    return null;
  } catch {
    return `needs ${PROGRAM} on the path, where its counters outlive it`;
  }
}

/** A Redis of its own for one gateway. It is never killed, so nothing has to be on a disk. @returns its port and how to stop it. */
export async function redis({ house }: Site, name: string): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const options = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no'];
  const child = house.launch(`${name}-redis`, PROGRAM, options);
  for (let tries = 0; tries < TRIES; tries += 1) {
    try {
      (await openSocket(`http://127.0.0.1:${port}`)).destroy();
      return { port, stop: () => house.stop(child) };
    } catch {
      await sleep(TRY_MS);
    }
  }
  throw new Error(`${PROGRAM} does not answer: ${house.lastWords(`${name}-redis`)}`);
}
