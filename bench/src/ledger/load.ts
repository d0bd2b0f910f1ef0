import { type Latency, latencyOf } from '../house/stats.ts';
import type { Books } from './engine.ts';
import { COLD_ACCOUNTS, holdRequest, type Spread, settleRequest } from './requests.ts';

/** One phase: so many clients, each of which holds, settles what it held, and begins again. */
export type Job = { readonly clients: number; readonly spread: Spread } & ({ readonly ms: number } | { readonly pairs: number });

/** `processorUs`: processor time per pair of the whole process, asking side and writer. */
export type Phase = { readonly pairsPerSecond: number; readonly hold: Latency; readonly processorUs: number };

/** Cold calls take sources and keys by these strides: all in turn, and those of one batch far from each other. */
const SOURCE_STRIDE = 1597;
const KEY_STRIDE = 2741;

let calls = 0;

async function pair(books: Books, spread: Spread, held: number[]): Promise<void> {
  calls += 1;
  const [source, key] = spread === 'hot' ? [0, 0] : [(calls * SOURCE_STRIDE) % COLD_ACCOUNTS, (calls * KEY_STRIDE) % COLD_ACCOUNTS];
  const request = holdRequest(source, key, Date.now());
  const askedAt = performance.now();
  const { result } = await books.hold(request);
  held.push(performance.now() - askedAt);
  if (result !== 'created') throw new Error(`a hold was ${result}`);
  const settled = await books.settle(settleRequest(request.holdId, Date.now()));
  if (settled.result !== 'settled') throw new Error(`a settlement was ${settled.result}`);
}

/** Runs one phase to its end: no hold is left open. */
export async function drive(books: Books, job: Job): Promise<Phase> {
  const held: number[] = [];
  const startedAt = performance.now();
  const processor = process.cpuUsage();
  let started = 0;
  const goesOn = 'ms' in job ? () => performance.now() - startedAt < job.ms : () => started < job.pairs;
  const client = async () => {
    while (goesOn()) {
      started += 1;
      await pair(books, job.spread, held);
    }
  };
  await Promise.all(Array.from({ length: job.clients }, client));
  const { user, system } = process.cpuUsage(processor);
  const pairsPerSecond = (held.length * 1000) / (performance.now() - startedAt);
  return { pairsPerSecond, hold: latencyOf(held), processorUs: (user + system) / held.length };
}
