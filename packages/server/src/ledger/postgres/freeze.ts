import type { PgSession } from '#ground/postgres-session';
import { runPgBatch } from './batch.ts';
import { NotYet } from './connect.ts';
import type { PgBooks } from './pg-books.ts';

/** Why a source is frozen when the books cannot be trusted to be the latest. */
const RECONCILE = 'reconcile';
const PAGE = 256;

/** Freezes every source that could be used: what was spent on it may not be in these books. @throws Interrupted, NotYet */
export async function freezeSources(session: PgSession, books: PgBooks): Promise<void> {
  for (;;) {
    const found = await session.query(
      "SELECT account_id FROM accounts WHERE book_id = $1 AND kind = 'source' AND state IN ('active', 'paused') ORDER BY account_id LIMIT $2",
      [books.bookId, PAGE],
    );
    if (found.rows.length === 0) return;
    const { answers, dead } = await runPgBatch(
      session,
      books,
      found.rows.map((row, at) => ({ id: -1 - at, op: frozen(row['account_id'] as string) })),
    );
    if (dead || answers.some(({ fault }) => fault !== undefined)) throw new NotYet('a source could not be frozen');
  }
}

function frozen(accountId: string) {
  return { kind: 'setState' as const, body: { accountId, state: 'frozen' as const, reason: RECONCILE, reconciledSpent: undefined } };
}
