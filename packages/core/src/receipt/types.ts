/** 0x-prefixed lower-case hex. */
export type Hex = `0x${string}`;

/** 1 metered · 2 burned (outcome unknown, whole hold spent) · 3 charged at the bound · 4 credit (a give-back). */
export type ReceiptKind = 1 | 2 | 3 | 4;
/** 0 live · 1 sandbox: contracts reject it. */
export type ReceiptMode = 0 | 1;

/** One class of billed units. `amount` in credit base units (6 decimals). */
export type UsageLine = { readonly unit: number; readonly quantity: bigint; readonly amount: bigint };

/**
 * The record of one hold (one attempt at one call), as it is hashed and signed. Field order is the EIP-712 order and is frozen.
 * Times in Unix ms; amounts in credit base units; ids are 32 bytes.
 */
export type Receipt = {
  readonly kind: ReceiptKind;
  readonly mode: ReceiptMode;
  readonly callId: Hex;
  readonly attempt: number;
  readonly refHash: Hex;
  readonly jobId: Hex;
  readonly tenantId: Hex;
  readonly sourceId: Hex;
  readonly sourceSeq: bigint;
  readonly charged: bigint;
  readonly sourceSpent: bigint;
  readonly providerId: Hex;
  readonly laneId: Hex;
  readonly seq: bigint;
  readonly channelId: Hex;
  readonly tariffId: Hex;
  readonly startedAt: bigint;
  readonly endedAt: bigint;
  readonly lines: readonly UsageLine[];
  readonly amount: bigint;
  readonly requestHash: Hex;
  readonly responseHash: Hex;
  readonly attestationHash: Hex;
  readonly detailHash: Hex;
};

/** EIP-712 domain of everything that Tallystick signs: name `Tallystick`, version `1`. */
export type Domain = { readonly chainId: bigint; readonly verifyingContract: Hex };

export const ZERO_32: Hex = `0x${'00'.repeat(32)}`;
