import type { SqlRow } from '#ground/database';
import { type AccountRow, accountDifferences, accountRow } from './account-row.ts';
import { type Books, RowChanged, remember } from './books.ts';
import { CHAIN_START, type Posting, type PostingKind, postingMac } from './chain.ts';
import { LedgerFault } from './fault.ts';
import type { AccountState } from './types.ts';

/** What is wrong with an account's row, and what it should be where its postings are sound (null where they are not). */
export type RowFinding = { readonly what: string; readonly truth: AccountRow | null };

export function postingOf(row: SqlRow): Posting {
  return {
    kind: row.kind as PostingKind,
    contraId: row.contra_id as string,
    amount: row.amount as bigint,
    businessId: row.business_id as string,
    ref: row.ref as string,
    digest: row.digest as string,
    at: Number(row.at),
  };
}

/** The account as a posting left it. What is fixed of an account, and what holds change, comes from `base`. */
export function accountAfter(base: AccountRow, posting: SqlRow): AccountRow {
  return {
    ...base,
    ceiling: posting.ceiling as bigint,
    limit: posting.spend_limit as bigint,
    spent: posting.spent as bigint,
    overrun: posting.overrun as bigint,
    state: posting.state as AccountState,
    stateReason: posting.state_reason as string | null,
    expiresAt: posting.expires_at as bigint | null,
    seq: posting.seq as bigint,
    head: posting.head as string,
    receipts: posting.receipts as bigint,
    receipted: posting.receipted as bigint,
    // Archives of before there was an opening have no such column.
    opensAt: (posting.opens_at as bigint | null | undefined) ?? null,
  };
}

/**
 * Checks a row against the last posting of its chain, and that posting's MAC.
 * @param held the sum of the account's open holds.
 * @returns null where all agree.
 */
export function auditRow(books: Books, row: AccountRow, held: bigint): RowFinding | null {
  const [last, previous] = books.sql.posting_last.all(books.bookId, row.id) as SqlRow[];
  if (last === undefined) return { what: 'it has no postings', truth: null };
  const truth = { ...accountAfter(row, last), held };
  const mac = postingMac(
    books.chainKey,
    books.bookId,
    { ...truth, head: (previous?.head as string | undefined) ?? CHAIN_START },
    postingOf(last),
  );
  if (mac !== truth.head) return { what: 'its last posting, or what is fixed of it, was changed', truth: null };
  const changed = accountDifferences(row, truth);
  return changed.length === 0 ? null : { what: `changed: ${changed.join(', ')}`, truth };
}

export function readAccount(books: Books, id: string): AccountRow | undefined {
  const row = books.sql.account_read.get(books.bookId, id) as SqlRow | undefined;
  return row === undefined ? undefined : accountRow(row);
}

/**
 * An account, remembered or read; one that is read is checked against its postings.
 * @throws RowChanged where the row does not match its postings, LedgerFault TAMPERED where it is gone and they are not.
 */
export function accountOf(books: Books, id: string): AccountRow | undefined {
  const remembered = books.accounts.get(id);
  if (remembered !== undefined) return remembered;
  const row = readAccount(books, id);
  if (row === undefined) {
    if (books.sql.posting_last.get(books.bookId, id) !== undefined) {
      throw new LedgerFault('TAMPERED', `Account ${id} is gone, but its postings are there.`, { accountId: id });
    }
    return undefined;
  }
  if (auditRow(books, row, books.openHeld(id)) !== null) throw new RowChanged(id);
  remember(books, row);
  return row;
}
