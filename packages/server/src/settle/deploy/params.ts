/** What governance may change, with its default and its hard bounds: as `contracts/src/libraries/Params.sol` describes and `DefaultParams.sol` has them. */
import { parseEther, stringToHex } from 'viem';

export type Setting = { readonly key: `0x${string}`; readonly value: bigint; readonly min: bigint; readonly max: bigint };

const HOUR = 3_600n;
const DAY = 24n * HOUR;

function setting(key: string, value: bigint, min: bigint, max: bigint): Setting {
  return { key: stringToHex(key, { size: 32 }), value, min, max };
}

export const DEFAULT_SETTINGS: readonly Setting[] = [
  setting('disputeWindow', 24n * HOUR, HOUR, 14n * DAY),
  setting('withdrawDelayMin', 24n * HOUR, 24n * HOUR, 30n * DAY),
  setting('thawPeriod', 7n * DAY, 2n * DAY, 30n * DAY),
  setting('buyerLock', 7n * DAY, 7n * DAY, 30n * DAY),
  setting('providerStakeMin', parseEther('1'), parseEther('0.1'), parseEther('1000')),
  setting('oracleStakeMin', parseEther('1'), parseEther('0.1'), parseEther('1000')),
  setting('buyerStakeMin', parseEther('0.1'), parseEther('0.1'), parseEther('10')),
  setting('buyerStakeBps', 1_000n, 0n, 10_000n),
  setting('slashCapBps', 5_000n, 1_000n, 10_000n),
  setting('faultPenaltyBps', 2_000n, 100n, 10_000n),
  setting('appealWindow', 3n * DAY, DAY, 14n * DAY),
  setting('decisionWindow', 7n * DAY, DAY, 30n * DAY),
  setting('payoutDelay', 2n * DAY, DAY, 30n * DAY),
  setting('epochOverlap', HOUR, 0n, 24n * HOUR),
  setting('mintRate', 10n ** 12n, 0n, 10n ** 15n),
  setting('mintEpochCap', 10n ** 24n, 0n, 10n ** 27n),
];
