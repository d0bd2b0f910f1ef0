import type { Abi } from 'viem';
import type { Clock } from '#ground/clock';
import type { Log } from '#ground/log';
import type { IntentJournal } from './intents.ts';
import type { Nodes } from './nodes.ts';
import type { TransactionSigner } from './signer.ts';

export type SenderOptions = {
  readonly nodes: Nodes;
  readonly signer: TransactionSigner;
  readonly chainId: number;
  readonly journal: IntentJournal;
  /** ABIs of the contracts that are called: their errors are told by name. */
  readonly abis: readonly Abi[];
  /** Wei per gas that is never passed. */
  readonly feeCap: bigint;
  /** Likewise, of the tip: whatever a node says, no more can be lost to it. */
  readonly tipCap: bigint;
  readonly tipMin: bigint;
  /** A transaction that waits this long is sent again with a higher fee; one whose nonce is taken for this long is given up. */
  readonly bumpMs: number;
  readonly pollMs: number;
  /** Transactions on their way at a time. */
  readonly inFlightMax: number;
  /** A nonce that a stranger took this many blocks ago stays taken. */
  readonly takenDepthBlocks: number;
  readonly clock: Clock;
  readonly log: Log;
};

export const SENDER_DEFAULTS = {
  feeCap: 200_000_000_000n,
  tipCap: 5_000_000_000n,
  tipMin: 1_000_000n,
  bumpMs: 30_000,
  pollMs: 2000,
  inFlightMax: 8,
  takenDepthBlocks: 12,
} as const satisfies Partial<SenderOptions>;
