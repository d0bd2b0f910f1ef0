import type { PgSession } from '#ground/postgres-session';
import { bootPg, type PgOptions, type Server } from './boot.ts';
import { LostForGood } from './connect.ts';
import { newPgBooks, type PgBooks } from './pg-books.ts';
import { auditAccounts } from './recovery.ts';
import { answerRollCall, raiseDoubt } from './roll-call.ts';

/**
 * Commits that were acknowledged to this writer are not there: a copy was put back, or a server took over that did not have them. What it
 * remembers is of books that are no more, so it ends, after it has frozen every source.
 * @param isKnown whether these books know this epoch at all.
 */
export async function giveUp(session: PgSession, books: PgBooks, options: PgOptions, server: Server, isKnown: boolean): Promise<never> {
  await raiseDoubt(session, books.bookId, books.laneId);
  const found = isKnown ? await anew(session, books, options) : (await bootPg(session, options)).books;
  await auditAccounts(session, found);
  await answerRollCall(session, found, { server, isMissing: true, waitMs: 0 });
  throw new LostForGood('the database went back behind what it had acknowledged: all sources are frozen until they are reconciled');
}

/** The same epoch over the books as they are now. */
async function anew(session: PgSession, books: PgBooks, { ticketKey, chainKey }: PgOptions): Promise<PgBooks> {
  const { bookId, hostId, laneId, laneNo, epoch, now } = books;
  const { rows } = await session.query('SELECT next_seq, batches FROM lanes WHERE lane_no = $1', [laneNo]);
  const [nextLaneSeq, batches] = [rows[0]?.['next_seq'] as bigint, rows[0]?.['batches'] as bigint];
  return newPgBooks({ bookId, hostId, laneId, laneNo, epoch, ticketKey, chainKey, now, nextLaneSeq, batches });
}
