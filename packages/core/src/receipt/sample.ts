import type { Domain, Hex, Receipt } from './types.ts';

/** 32 bytes that are easy to tell apart in a vector: `fill(0xab)` is 0xabab…ab. */
export function fill(byte: number): Hex {
  return `0x${byte.toString(16).padStart(2, '0').repeat(32)}`;
}

export const SAMPLE_DOMAIN: Domain = { chainId: 31_337n, verifyingContract: `0x${'c0'.repeat(20)}` };

/** A receipt with every field set to another value, for tests, vectors and examples. Not part of the public index. */
export function sampleReceipt(change: Partial<Receipt> = {}): Receipt {
  return {
    kind: 1,
    mode: 0,
    callId: fill(0x01),
    attempt: 2,
    refHash: fill(0x03),
    jobId: fill(0x04),
    tenantId: fill(0x05),
    sourceId: fill(0x06),
    sourceSeq: 7n,
    charged: 1_234n,
    sourceSpent: 9_876n,
    providerId: fill(0x0a),
    laneId: fill(0x0b),
    seq: 12n,
    channelId: fill(0x0d),
    tariffId: fill(0x0e),
    startedAt: 1_767_225_600_000n,
    endedAt: 1_767_225_601_500n,
    lines: [
      { unit: 1, quantity: 1_000n, amount: 2_500n },
      { unit: 5, quantity: 234n, amount: 2_340n },
    ],
    amount: 4_840n,
    requestHash: fill(0x14),
    responseHash: fill(0x15),
    attestationHash: fill(0x16),
    detailHash: fill(0x17),
    ...change,
  };
}
