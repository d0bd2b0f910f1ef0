import type { SqlRow } from '#ground/database';
import type { AccountRow } from '../account-row.ts';
import { accountAfter, postingOf } from '../audit.ts';
import type { Books } from '../books.ts';
import { CHAIN_START, type Posting, postingMac, receiptDigest } from '../chain.ts';
import { LedgerFault } from '../fault.ts';
import { LIMITS } from '../limits.ts';
import { receiptFields } from '../receipt-fields.ts';
import type { ReconcileRequest } from '../reconciliation.ts';

/**
 * What a source's calls were posted, tokens. A call is `inside` an interval where it was held and settled in it, both at least `edgeMs`
 * from its edges: then the provider has counted it in the interval, or not at all. One that touches an edge may be counted on either side.
 */
export type IntervalSums = {
  /** Settled in the interval. */
  readonly ours: bigint;
  readonly inside: bigint;
  readonly edge: bigint;
  /** Of `inside`: reported by the provider with its answers. */
  readonly reported: bigint;
  /** Of `inside`: spent because the outcome was not known. */
  readonly ambiguous: bigint;
};

type Interval = Pick<ReconcileRequest, 'from' | 'to' | 'edgeMs' | 'lagMs'>;

/**
 * Adds up a source's postings, each checked against its chain and its receipt: sums of rows that were edited would give back too much.
 * Calls that settled after the interval count at its edge for as long as `lagMs`, which is over before an interval may be reconciled.
 * @throws LedgerFault TAMPERED, INPUT_INVALID (too many postings)
 */
export function sumInterval(books: Books, row: AccountRow, interval: Interval): IntervalSums {
  const { from, to, edgeMs, lagMs } = interval;
  const start = firstSince(books, row, from - edgeMs);
  const end = firstSince(books, row, to + Math.max(lagMs, edgeMs));
  if (end - start > BigInt(LIMITS.reconcilePostingsMax)) {
    throw new LedgerFault('INPUT_INVALID', `The interval has more than ${LIMITS.reconcilePostingsMax} postings: choose a shorter one.`);
  }
  const sums = { ours: 0n, inside: 0n, edge: 0n, reported: 0n, ambiguous: 0n };
  for (const sound of soundPostings(books, row, start, end)) {
    const { posting } = sound;
    if (!posting.businessId.startsWith('hold:') || posting.amount === 0n) continue;
    const { kind, startedAt } = receiptOf(sound);
    const { amount, at } = posting;
    if (at >= from && at < to) sums.ours += amount;
    if (startedAt >= from + edgeMs && at < to - edgeMs) {
      sums.inside += amount;
      if (kind === METERED) sums.reported += amount;
      if (posting.kind === 'ambiguous') sums.ambiguous += amount;
    } else if (startedAt < to + edgeMs) sums.edge += amount;
  }
  return sums;
}

/** The receipt's kind of a call whose usage the provider reported. */
const METERED = 1;

/**
 * @returns the number of an account's first posting at or after a time, or the number that the next one will have. Where an archive has it,
 * the number of the first that is still in the books.
 */
export function firstSince(books: Books, row: AccountRow, at: number): bigint {
  let low = firstKept(books, row);
  let high = row.seq + 1n;
  while (low < high) {
    const middle = (low + high) / 2n;
    if (Number(headOf(books, row, middle).at) >= at) high = middle;
    else low = middle + 1n;
  }
  return low;
}

/** @returns the number of an account's first posting that no archive has taken out of the books. */
export function firstKept({ sql, bookId }: Books, row: AccountRow): bigint {
  if (sql.archive_last.get(bookId) === undefined) return 1n;
  const first = sql.posting_first.get(bookId, row.id) as SqlRow;
  return (first.seq as bigint | null) ?? 1n;
}

export function headOf(books: Books, row: AccountRow, seq: bigint): SqlRow {
  const found = books.sql.posting_head.get(books.bookId, row.id, seq) as SqlRow | undefined;
  if (found === undefined) throw tampered(row.id, `posting ${seq} is gone`);
  return found;
}

type Sound = { readonly posting: Posting; readonly receipt: SqlRow | undefined };

/** Postings that are read at once, with their receipts. */
const AT_ONCE = 5_000n;

function* soundPostings(books: Books, row: AccountRow, start: bigint, end: bigint): Generator<Sound> {
  const { sql, bookId, chainKey } = books;
  let head = start === 1n ? CHAIN_START : (headOf(books, row, start - 1n).head as string);
  let seq = start;
  for (let from = start; from < end; from += AT_ONCE) {
    const to = from + AT_ONCE < end ? from + AT_ONCE : end;
    const receipts = new Map(sql.receipt_range.all(bookId, row.id, from, to).map((receipt) => [receipt.receipt_id as string, receipt]));
    for (const found of sql.posting_range.all(bookId, row.id, from, to)) {
      const posting = postingOf(found);
      const mac = postingMac(chainKey, bookId, { ...accountAfter(row, found), head }, posting);
      if (found.seq !== seq || mac !== found.head) throw tampered(row.id, `posting ${seq} was changed`);
      head = mac;
      seq += 1n;
      yield { posting, receipt: receipts.get(posting.ref) };
    }
  }
  if (seq !== end) throw tampered(row.id, `posting ${seq} is gone`);
}

function receiptOf({ posting, receipt }: Sound): { readonly kind: number; readonly startedAt: number } {
  const fields = receipt === undefined ? null : receiptFields(receipt);
  if (fields === null || receiptDigest(fields) !== posting.digest) {
    throw new LedgerFault('TAMPERED', `Receipt ${posting.ref} is not the one that its source was charged by.`, { receiptId: posting.ref });
  }
  return fields;
}

function tampered(accountId: string, what: string): LedgerFault {
  return new LedgerFault('TAMPERED', `Account ${accountId}: ${what}.`, { accountId });
}
