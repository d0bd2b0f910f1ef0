/**
 * Loaded into a daemon before its own program, with `--expose-gc`: at SIGUSR2 it does what time would do, and says so. It collects, and
 * makes garbage of its own, which takes the place of what the young generation held.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';

export const COLLECTED = 'collected';
const ROUNDS = 4;
/** Of about 100 bytes each: more than both halves of the young generation take. */
const STRINGS = 800_000;

async function collect(): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    let length = 0;
    for (let i = 0; i < STRINGS; i += 1) length += `${i}`.padStart(80, '.').length;
    globalThis.gc?.();
    // Finalizers, and what is freed with them, come in turns of their own.
    await sleep(length > 0 ? 20 : 0);
  }
  process.stderr.write(`${COLLECTED}\n`);
}

if (isMainThread) process.on('SIGUSR2', () => void collect());
