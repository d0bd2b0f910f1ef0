import type { SqlRow } from '#ground/database';
import type { PgSession } from '#ground/postgres-session';
import { type AccountRow, accountDifferences, accountRow } from '../account-row.ts';
import { accountAfter, postingOf } from '../audit.ts';
import { CHAIN_START, postingMac } from '../chain.ts';
import { mendAccount } from '../mend.ts';
import { RESERVED } from '../reservation-rows.ts';
import type { TamperFinding } from '../types.ts';
import { NO_PLAN } from './fetch.ts';
import type { PgBooks } from './pg-books.ts';
import { numbered, rowsOf, sqlRows } from './rows.ts';
import { recall, transact } from './transact.ts';

const PAGE = 500;

/**
 * Checks every account against its postings and its open holds, in one snapshot, while others may be writing; those that differ are looked
 * at again under a lock, put back to what their postings say, and frozen.
 */
export async function auditAccounts(session: PgSession, books: PgBooks): Promise<readonly TamperFinding[]> {
  const bad: string[] = [];
  await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', []);
  const held = await openSums(session, books.bookId);
  const missing = new Set(held.keys());
  for await (const page of session.pages(ACCOUNTS, [books.bookId], PAGE)) {
    for (const row of sqlRows(page)) {
      const account = accountRow(row);
      missing.delete(account.id);
      if (isSound(books, account, row, held.get(account.id) ?? 0n)) recall(books, account);
      else bad.push(account.id);
    }
  }
  await session.query('COMMIT');
  const findings: TamperFinding[] = [];
  for (const id of [...bad, ...missing]) {
    const plan = { ...NO_PLAN, accounts: [id], proofs: [id] };
    const finding = await transact(session, books, plan, true, () => mendAccount(books, id, books.openHeld(id)));
    if (finding !== null) findings.push(finding);
  }
  return findings;
}

/** Every account with its last posting, and the head of the one before. */
const ACCOUNTS = `SELECT a.*, p.last, p.before FROM accounts a LEFT JOIN LATERAL (
    SELECT row_to_json(l)::text AS last, (
      SELECT head FROM postings b WHERE b.book_id = a.book_id AND b.account_id = a.account_id AND b.seq < l.seq ORDER BY b.seq DESC LIMIT 1
    ) AS before
    FROM (SELECT * FROM postings WHERE book_id = a.book_id AND account_id = a.account_id ORDER BY seq DESC LIMIT 1) l
  ) p ON true WHERE a.book_id = $1`;

function isSound(books: PgBooks, row: AccountRow, { last, before }: SqlRow, held: bigint): boolean {
  if (last === null) return false;
  const posting = parsePosting(last as string);
  const truth = { ...accountAfter(row, posting), held };
  const head = (before as string | null) ?? CHAIN_START;
  return (
    accountDifferences(row, truth).length === 0 &&
    postingMac(books.chainKey, books.bookId, { ...truth, head }, postingOf(posting)) === truth.head
  );
}

/** JSON has no integers of 64 bits: they are read from the text. */
function parsePosting(text: string): SqlRow {
  const whole = (_key: string, value: unknown, context: { source?: string }) =>
    typeof value === 'number' ? BigInt(context.source ?? value) : value;
  return JSON.parse(text, whole as Parameters<typeof JSON.parse>[1]) as SqlRow;
}

async function openSums(session: PgSession, bookId: string): Promise<ReadonlyMap<string, bigint>> {
  const found = await session.query(
    `SELECT account_id, sum(amount >> 32)::bigint AS high, sum(amount & 4294967295)::bigint AS low FROM (
       SELECT l.account_id, l.amount FROM holds h JOIN hold_lines l ON l.hold_no = h.hold_no WHERE h.state = 'open' AND h.book_id = $1
       UNION ALL ${numbered(RESERVED)}) o GROUP BY account_id`,
    [bookId],
  );
  return new Map(rowsOf(found).map((row) => [row.account_id as string, ((row.high as bigint) << 32n) + (row.low as bigint)]));
}
