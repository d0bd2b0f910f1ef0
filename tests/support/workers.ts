import { execFileSync } from 'node:child_process';
import { eventually } from './calling.ts';
import type { TestDaemon } from './daemon.ts';
import { childrenOf } from './processes.ts';

/** Process ids of a daemon's workers, in the order of their numbers. */
export function workersOf({ pid }: Pick<TestDaemon, 'pid'>): number[] {
  const named = childrenOf(pid).map((child) => {
    const args = execFileSync('ps', ['-o', 'args=', '-p', String(child)], { encoding: 'utf8' });
    return { child, number: Number(/worker-main\.ts (\d+)/.exec(args)?.[1] ?? 0) };
  });
  return named
    .filter(({ number }) => number > 0)
    .sort((a, b) => a.number - b.number)
    .map(({ child }) => child);
}

type WorkersView = { readonly of: number; readonly up: number; readonly restarts: number };

export async function readiness({ url }: Pick<TestDaemon, 'url'>): Promise<WorkersView> {
  return ((await (await fetch(`${url}/readyz`, { headers: FRESH })).json()) as { workers: WorkersView }).workers;
}

/** Once all of them serve, after so many starts anew. */
export async function allUp(daemon: TestDaemon, restarts: number): Promise<void> {
  await eventually(`all workers are up, ${restarts} of them anew`, async () => {
    const view = await readiness(daemon).catch(() => null);
    return view !== null && view.up === view.of && view.restarts === restarts;
  });
}

/** On a connection of its own, which goes to the next worker. */
export const FRESH = { connection: 'close' } as const;
