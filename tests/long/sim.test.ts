import { describe, expect, it } from 'vitest';
import { simulate } from '../sim/simulate.ts';

const STEPS = 500_000;

describe('the simulation, 500,000 steps of each seed', () => {
  it.each([101, 102, 103, 104])('seed %d breaks no promise', async (seed) => {
    const { steps, violation } = await simulate('--seed', String(seed), '--steps', String(STEPS));
    expect(violation).toBeNull();
    expect(steps).toBeGreaterThanOrEqual(STEPS);
  });
});
