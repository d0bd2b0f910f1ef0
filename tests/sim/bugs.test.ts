import { beforeAll, describe, expect, it } from 'vitest';
import { BUGS } from '../../sim/bugs.ts';
import { simulate, type Told } from './simulate.ts';

/** Each bug must be found within so many steps. */
const STEPS_MAX = 60_000;
/** Processes at a time. */
const AT_ONCE = 2;
/** Seed of all these runs: what the first does not meet in time, a longer run or another would. */
const SEED = '1';

describe('a planted bug is found', () => {
  const told = new Map<string, Told & { readonly code: number }>();

  beforeAll(async () => {
    const left = [...BUGS];
    const work = async () => {
      for (let bug = left.shift(); bug !== undefined; bug = left.shift()) {
        told.set(bug.name, await simulate('--bug', bug.name, '--seed', SEED, '--steps', String(STEPS_MAX)));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }, 240_000);

  it.each(BUGS.map((bug) => [bug.name, bug] as const))('%s', (name, { caughtAs }) => {
    const run = told.get(name);
    expect(run?.violation?.what ?? `nothing, in ${run?.steps} steps`).toMatch(caughtAs);
    expect(run?.code).toBe(1);
    expect(run?.violation?.trace.length).toBeGreaterThan(0);
  });

  it('is found again by its seed, at the same step', async () => {
    const first = told.get('late-send');
    const again = await simulate('--bug', 'late-send', '--seed', SEED, '--steps', String(STEPS_MAX));
    expect(again).toEqual(first);
  });

  it('and one that cannot be planted is an error', async () => {
    await expect(simulate('--bug', 'nothing-of-the-kind')).rejects.toThrow('There is no bug');
  });
});
