import { hash, type KeyObject } from 'node:crypto';
import { hmacSha256Hex } from '#ground/hmac';
import type { AccountRow } from './account-row.ts';
import type { Reconciliation } from './reconciliation.ts';
import type { Reservation, ReservationLine } from './reservation.ts';

/**
 * What one posting says beside the balances that result. The first five kinds leave the balances alone;
 * `spend`, `ambiguous` and `reconcile` raise `spent`, `overrun` raises `overrun`, `reversal` lowers `spent`.
 */
export type PostingKind = 'open' | 'limit' | 'state' | 'opens' | 'release' | 'spend' | 'ambiguous' | 'reconcile' | 'overrun' | 'reversal';

export type Posting = {
  readonly kind: PostingKind;
  readonly contraId: string;
  readonly amount: bigint;
  /** Unique in the book. */
  readonly businessId: string;
  readonly ref: string;
  /** `receiptDigest` of the receipt, or `reconciliationDigest` of the reconciliation, that it belongs to; or ''. */
  readonly digest: string;
  /** Unix ms. */
  readonly at: number;
};

/** Before an account's first posting. */
export const CHAIN_START = '0'.repeat(64);

/** What only who has the key can make, and what tells nothing of it: 64 hex characters. */
export function chainKeyCheck(key: KeyObject): string {
  return hmacSha256Hex(key, 'tally-chain-key/1');
}

/**
 * The MAC of an account's next posting: over the previous head, the posting, what is fixed of the account, and the balances that result.
 * So an edited limit, balance, state or expiry shows at the last posting, and an edited posting shows at every one after it.
 * @param account the account after the posting; its `head` is the previous one.
 * @returns 64 hex characters.
 */
export function postingMac(key: KeyObject, bookId: string, account: AccountRow, posting: Posting): string {
  const a = account;
  // Free texts carry their length, numbers end with a bar: two different postings never give the same bytes.
  return hmacSha256Hex(
    key,
    `tally-posting/1|${a.head}|${a.seq}|${posting.amount}|${posting.at}|${a.ceiling}|${a.limit}|${a.spent}|${a.overrun}|` +
      `${a.expiresAt ?? ''}|${a.receipts}|${a.receipted}|${a.createdAt}|${posting.kind}|${a.state}|${a.kind}|${a.asset}|` +
      free(bookId) +
      free(a.id) +
      free(a.tenantId) +
      free(a.parent) +
      free(a.period) +
      free(a.stateReason) +
      free(posting.contraId) +
      free(posting.businessId) +
      free(posting.ref) +
      posting.digest +
      // Absent where there is none, so that the chains of before are as they were. Nothing else comes after the digest.
      (a.opensAt === null ? '' : `|opens:${a.opensAt}`),
  );
}

/** A text of any length as part of what is hashed. */
export function free(text: string | null): string {
  return text === null ? '-|' : `${text.length}:${text}|`;
}

/** The stored fields of a receipt and of the hold it belongs to, in the order they are digested. */
export type ReceiptFields = {
  readonly receiptId: string;
  readonly holdId: string;
  readonly callId: string;
  readonly attempt: number;
  readonly laneId: string;
  readonly seq: bigint;
  readonly kind: number;
  readonly mode: number;
  readonly tenantHash: string;
  readonly sourceHash: string;
  readonly providerHash: string;
  readonly sourceSeq: bigint;
  readonly charged: bigint;
  readonly sourceSpent: bigint;
  readonly tariffId: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** JSON as stored. */
  readonly lines: string;
  readonly amount: bigint;
  readonly requestHash: string;
  readonly responseHash: string;
  readonly attestationHash: string;
  /** JSON as stored. */
  readonly detail: string;
};

/** Ties a receipt into its source's chain of postings. Not the receipt's EIP-712 hash, which is far slower and not needed here. */
export function receiptDigest(r: ReceiptFields): string {
  return hash(
    'sha256',
    `tally-receipt/1|${r.seq}|${r.attempt}|${r.kind}|${r.mode}|${r.sourceSeq}|${r.charged}|${r.sourceSpent}|${r.startedAt}|${r.endedAt}|` +
      `${r.amount}|${r.receiptId}|${r.holdId}|${r.laneId}|${r.tenantHash}|${r.sourceHash}|${r.providerHash}|${r.tariffId}|` +
      `${r.requestHash}|${r.responseHash}|${r.attestationHash}|${free(r.callId)}${free(r.lines)}${free(r.detail)}`,
  );
}

/** The MAC over a line of a reservation as it stands: who cannot make it can move nothing from one reservation, or account, to another. */
export function reservationMac(
  key: KeyObject,
  bookId: string,
  reservation: Pick<Reservation, 'reservationId' | 'state'>,
  line: ReservationLine,
): string {
  const { reservationId, state } = reservation;
  const ids = free(bookId) + free(reservationId) + free(line.accountId);
  return hmacSha256Hex(key, `tally-reservation/1|${line.amount}|${line.spent}|${line.held}|${state}|${ids}`);
}

/** Ties a reconciliation into its source's chain of postings. */
export function reconciliationDigest(r: Reconciliation): string {
  return hash(
    'sha256',
    `tally-reconciliation/1|${r.kind}|${r.from}|${r.to}|${r.providerTotal}|${r.ours}|${r.edge}|${r.reported}|${r.ambiguous}|${r.returned}|` +
      `${r.added}|${r.at}|${free(r.sourceId)}${free(r.exportHash)}${free(r.keyRef)}${free(r.consent)}`,
  );
}
