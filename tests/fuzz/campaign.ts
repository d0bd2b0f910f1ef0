import { faultOf, search, tell } from './run.ts';
import { keptSeeds } from './seeds.ts';
import { allTargets } from './targets.ts';

export type Campaign = {
  /** How many inputs each target was given. */
  readonly counts: ReadonlyMap<string, number>;
  /** All of them together. */
  readonly total: number;
  /** What was found, in words that are enough to make it again. */
  readonly findings: readonly string[];
};

/** The kept inputs first, then at least `inputs` new ones, shared out among all targets. */
export async function campaign(seed: number, inputs: number): Promise<Campaign> {
  const targets = await allTargets();
  const findings: string[] = [];
  for (const { target: name, why, base64 } of keptSeeds()) {
    const target = targets.find((each) => each.name === name);
    const what = target === undefined ? 'no such target' : faultOf(target, Buffer.from(base64, 'base64'));
    if (what !== null) findings.push(`kept input of ${name} (${why}): ${what}\n${base64}`);
  }
  const shares = targets.reduce((sum, { share }) => sum + share, 0);
  const counts = new Map<string, number>();
  for (const target of targets) {
    const count = Math.ceil((inputs * target.share) / shares);
    const finding = search(target, seed, count);
    if (finding !== null) findings.push(tell(finding));
    counts.set(target.name, count);
  }
  return { counts, total: [...counts.values()].reduce((sum, count) => sum + count, 0), findings };
}
