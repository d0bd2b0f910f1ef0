import type { SqlRow } from '#ground/database';
import type { ReadEngine } from './reads.ts';

/** What a call did to an account. One of unknown outcome, and one that ended beyond its hold, may have two of them, with one receipt. */
export type AccountCharge = {
  /** The posting's number in its account. */
  readonly seq: bigint;
  /** `spend`: metered, or at the bound · `ambiguous`: the rest of a hold whose outcome is not known · `overrun`: beyond the hold · `release`: nothing, it was not billed. */
  readonly kind: string;
  readonly amount: bigint;
  readonly receiptId: string;
  /** Unix ms. */
  readonly at: number;
};

export type ChargesQuery = {
  /** Only numbers below this one. */
  readonly before?: bigint;
  /** 1 … 1000. */
  readonly limit: number;
};

export interface LedgerCharges {
  /** The newest first, of the months that are in the books. A read by the postings' own key. */
  charges(accountId: string, query: ChargesQuery): Promise<readonly AccountCharge[]>;
}

const LIMIT_MAX = 1000;
const SEQ_MAX = 2n ** 62n;

export async function chargesOf(
  engine: ReadEngine,
  bookId: string,
  accountId: string,
  query: ChargesQuery,
): Promise<readonly AccountCharge[]> {
  const sql = `SELECT seq, kind, amount, ref, at FROM postings WHERE book_id = ? AND account_id = ? AND seq < ?
    AND kind IN ('spend', 'ambiguous', 'overrun', 'release') ORDER BY seq DESC LIMIT ?`;
  const limit = Math.max(0, Math.min(Math.trunc(query.limit), LIMIT_MAX));
  return (await engine.all(sql, bookId, accountId, query.before ?? SEQ_MAX, limit)).map(chargeOf);
}

function chargeOf(row: SqlRow): AccountCharge {
  return {
    seq: row.seq as bigint,
    kind: row.kind as string,
    amount: row.amount as bigint,
    receiptId: row.ref as string,
    at: Number(row.at),
  };
}
