import { processorMs } from './machine.ts';

/** What a subject leaves for later (signing receipts, say) must not fall into the next one's turn. */
const QUIET_WINDOW_MS = 120;
const QUIET_PROCESSOR_MS = 10;
const QUIET_TRIES = 40;

/** Waits until a process rests. @returns its processor time then, ms; null where the system does not tell. */
export async function rest(pid: number): Promise<number | null> {
  let last = processorMs(pid);
  for (let tries = 0; tries < QUIET_TRIES && last !== null; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, QUIET_WINDOW_MS));
    const now = processorMs(pid);
    if (now === null || now - last <= QUIET_PROCESSOR_MS) return now;
    last = now;
  }
  return last;
}
