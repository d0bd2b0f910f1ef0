import { type Domain, groupDigest, groupOf, groupTree, type Hex, signDigest } from '@tallystick/core';
import type { ReceiptReader } from '#ledger';

/** Receipts in one tree. Small, because handing out one receipt hashes its whole tree; a longer backlog is signed group by group. */
export const GROUP_RECEIPTS_MAX = 64;

export type SignedRoot = {
  readonly laneId: Hex;
  readonly seqFrom: bigint;
  readonly seqTo: bigint;
  readonly root: Hex;
  readonly total: bigint;
  readonly signature: Hex;
  /** More receipts wait, of another month: no root spans two. */
  readonly endsMonth: boolean;
  /** When the group's oldest receipt was settled, Unix ms. */
  readonly oldestEndedAt: bigint;
};

/** Reads, hashes and signs the next receipts of the lane that have no signature; null where all have one. */
export async function nextGroup(reader: ReceiptReader, laneId: Hex, domain: Domain, secretKey: Uint8Array): Promise<SignedRoot | null> {
  const lane = await reader.lane(laneId);
  if (lane === undefined || lane.signedTo + 1n >= lane.nextSeq) return null;
  const from = lane.signedTo + 1n;
  const full = from + BigInt(GROUP_RECEIPTS_MAX) - 1n;
  const last = full < lane.nextSeq - 1n ? full : lane.nextSeq - 1n;
  const receipts = await reader.receiptsOf(laneId, from, last);
  const group = groupOf(groupTree(receipts));
  const { seqFrom, seqTo, root, total } = group;
  const oldestEndedAt = receipts.reduce((oldest, { endedAt }) => (endedAt < oldest ? endedAt : oldest), receipts[0]?.endedAt ?? 0n);
  return {
    laneId,
    seqFrom,
    seqTo,
    root,
    total,
    signature: signDigest(groupDigest(group, domain), secretKey),
    endsMonth: seqTo < last,
    oldestEndedAt,
  };
}
