import { beforeAll, describe, expect, it } from 'vitest';
import { BUGS } from '../../sim/bugs.ts';
import { simulate, type Told } from './simulate.ts';

/** The short run plants one bug of each kind; `npm run test:long` plants all. */
const SHORT: ReadonlySet<string> = new Set([
  'release-on-abort',
  'release-on-billed-refusal',
  'charged-twice',
  'answer-before-commit',
  'send-on-existing',
  'cap-checked-beside-the-hold',
  'retry-without-a-hold',
  'takeover-of-a-burned-hold',
  'guard-band-ignored',
  'late-send',
  'overrun-not-frozen',
  'commits-left-unsynced',
  'recovery-releases',
  'unspent-freed-twice',
  'recovery-frees-the-unspent-twice',
]);
const PLANTED = process.env.TALLY_TEST_LONG === '1' ? BUGS : BUGS.filter(({ name }) => SHORT.has(name));

/** Each bug must be found within so many steps. */
const STEPS_MAX = 60_000;
/** Processes at a time. */
const AT_ONCE = 2;
/** Seed of all these runs: what the first does not meet in time, a longer run or another would. */
const SEED = '1';

describe('a planted bug is found', () => {
  const told = new Map<string, Told & { readonly code: number }>();

  beforeAll(async () => {
    const left = [...PLANTED];
    const work = async () => {
      for (let bug = left.shift(); bug !== undefined; bug = left.shift()) {
        told.set(bug.name, await simulate('--bug', bug.name, '--seed', SEED, '--steps', String(STEPS_MAX)));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  });

  it.each(PLANTED.map((bug) => [bug.name, bug] as const))('%s', (name, { caughtAs }) => {
    const run = told.get(name);
    expect(run?.violation?.what ?? `nothing, in ${run?.steps} steps`).toMatch(caughtAs);
    expect(run?.code).toBe(1);
    expect(run?.violation?.trace.length).toBeGreaterThan(0);
  });

  it('each kind has one that is planted in every run', () => {
    for (const name of SHORT) expect(BUGS.map((bug) => bug.name)).toContain(name);
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
