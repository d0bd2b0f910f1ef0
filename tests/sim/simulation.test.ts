import { beforeAll, describe, expect, it } from 'vitest';
import { simulate, type Told } from './simulate.ts';

/** On a machine that has other things to do. */
const RUN_MS_MAX = 240_000;
/** What a run that means anything has met, each at least so often. */
const MET: Readonly<Record<string, number>> = {
  calls: 2_000,
  holds: 800,
  crashes: 20,
  'crashes within a commit': 10,
  'commits lost before they were acknowledged': 3,
  'commits on a full disk': 3,
  'batches surprised and run again': 3,
  checkpoints: 20,
  restarts: 1,
  'overruns that show': 5,
  CAP_BUSY: 10,
  CAP_EXCEEDED: 100,
  POOL_STOPPED: 5,
  ACCOUNT_NOT_ACTIVE: 20,
  'existing open': 3,
  'existing settled': 20,
  'existing burned': 10,
  'answer replayed': 3,
  'answer left': 5,
  'answer SHUTTING_DOWN': 1,
  'upstream servesTwice': 2,
  'upstream refusesBilled': 5,
  'upstream late': 2,
  'upstream hang': 3,
  'upstream cutWithReports': 5,
};

describe('the simulation', () => {
  let told: Told & { readonly code: number };

  beforeAll(async () => {
    told = await simulate('--seed', '1', '--steps', '48000');
  }, RUN_MS_MAX);

  it('finds no promise broken', () => {
    expect(told.violation).toBeNull();
    expect(told.code).toBe(0);
    expect(told.steps).toBeGreaterThanOrEqual(48_000);
  });

  it('has met what it is there for', () => {
    const missed = Object.entries(MET).filter(([name, least]) => (told.counts[name] ?? 0) < least);
    expect(missed.map(([name, least]) => `${name}: ${told.counts[name] ?? 0} of ${least}`)).toEqual([]);
  });

  it(
    'does the same again from the same seed, and something else from another',
    async () => {
      const [first, again, other] = [
        await simulate('--seed', '7', '--steps', '6000'),
        await simulate('--seed', '7', '--steps', '6000'),
        await simulate('--seed', '8', '--steps', '6000'),
      ];
      expect(again).toEqual(first);
      expect(other.hash).not.toBe(first.hash);
    },
    RUN_MS_MAX,
  );
});
