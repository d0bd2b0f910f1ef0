import { describe, expect, it } from 'vitest';
import { FEE_MAX, feesFor, gwei, TIP_MAX, twice } from './fees.ts';

const GWEI = 1_000_000_000n;

describe('what a deployment offers for gas', () => {
  it('is twice the base fee and the tip that is asked for', () => {
    expect(feesFor(3n * GWEI, GWEI / 2n, FEE_MAX)).toEqual({ max: 6n * GWEI + GWEI / 2n, tip: GWEI / 2n });
  });

  it('has a tip within its bounds, whatever a node asks for', () => {
    expect(feesFor(GWEI, 10n ** 30n, FEE_MAX)).toEqual({ max: 3n * GWEI, tip: TIP_MAX });
    expect(feesFor(GWEI, 0n, FEE_MAX).tip).toBe(GWEI / 1_000n);
  });

  it('never passes the most to be paid', () => {
    expect(feesFor(15n * GWEI, GWEI, FEE_MAX)).toEqual({ max: FEE_MAX, tip: GWEI });
    expect(feesFor(0n, GWEI, 7n)).toEqual({ max: 7n, tip: 7n });
    const refused = { code: 'DEPLOY_REFUSED', message: expect.stringContaining('base fee is 20.001 gwei, and 20 are the most') };
    expect(() => feesFor(FEE_MAX + 1n, GWEI, FEE_MAX)).toThrow(expect.objectContaining(refused));
  });

  it('is doubled within the bounds, and ends there', () => {
    expect(twice({ max: 2n * GWEI, tip: GWEI / 4n }, FEE_MAX)).toEqual({ max: 4n * GWEI, tip: GWEI / 2n });
    expect(twice({ max: 18n * GWEI, tip: GWEI / 4n }, FEE_MAX)).toBeNull();
    expect(twice({ max: 2n * GWEI, tip: TIP_MAX }, FEE_MAX)).toBeNull();
  });

  it.each([
    [0n, '0'],
    [1n, '0.001'],
    [GWEI, '1'],
    [100n * GWEI, '100'],
    [1_230_000_000n, '1.23'],
  ])('%s wei are %s gwei', (wei, text) => expect(gwei(wei)).toBe(text));
});
