import { createHash } from 'node:crypto';
import { seedFor } from './dice.ts';
import { World } from './world.ts';

/** Events of one world: then a new one is founded, so that books stay small and each begins at full caps. */
const WORLD_STEPS = 6_000;

export type RunOptions = {
  readonly seed: number;
  /** At least so many events in all. */
  readonly steps: number;
  /** Only this world of the run. */
  readonly world?: number | undefined;
};

export type Violation = { readonly world: number; readonly step: number; readonly what: string; readonly trace: readonly string[] };

export type RunReport = {
  readonly steps: number;
  readonly worlds: number;
  readonly violation: Violation | null;
  readonly hash: string;
  readonly counts: ReadonlyMap<string, number>;
};

/** One world after another, each with a seed of its own drawn from the run's, until there were steps enough or a promise was broken. */
export async function run({ seed, steps, world: only }: RunOptions): Promise<RunReport> {
  const counts = new Map<string, number>();
  const hash = createHash('sha256');
  let done = 0;
  let worlds = 0;
  let violation: Violation | null = null;
  for (let world = only ?? 0; done < steps && violation === null; world += 1) {
    const report = await new World(seedFor(seed, `world ${world}`)).run(Math.min(WORLD_STEPS, steps));
    done += report.steps;
    worlds += 1;
    hash.update(report.hash);
    for (const [name, count] of report.counts) counts.set(name, (counts.get(name) ?? 0) + count);
    if (report.violation !== null) violation = { world, step: report.steps, what: report.violation, trace: report.trace };
    if (only !== undefined) break;
  }
  return { steps: done, worlds, violation, hash: hash.digest('hex'), counts };
}
