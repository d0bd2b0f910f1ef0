import { residentMib } from '../house/machine.ts';
import type { Memory, Reading } from './figures.ts';
import type { Turn } from './phases.ts';

/** A process that has served nothing yet has all its code to compile. */
const WARM_UP_STREAMS = 64;
/** So that what the streams' beginnings left behind can be collected, if it is going to be. */
const SETTLE_MS = 700;

/** Reads the resident memory of the process between, before it has served much else. @returns null where the system does not tell. */
export async function memoryOf(turn: Turn, at: readonly number[]): Promise<Memory | null> {
  const pid = turn.subject.child?.pid;
  if (pid === undefined) return null;
  await turn.hold(WARM_UP_STREAMS);
  await turn.release();
  const readings: Reading[] = [];
  for (const held of [0, ...at]) {
    await turn.hold(held);
    const mib = await settledMib(pid);
    if (mib === null) return null;
    readings.push({ held, mib });
  }
  await turn.release();
  const afterMib = await settledMib(pid);
  return afterMib === null ? null : { name: turn.subject.name, readings, afterMib };
}

async function settledMib(pid: number): Promise<number | null> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return residentMib(pid);
}
