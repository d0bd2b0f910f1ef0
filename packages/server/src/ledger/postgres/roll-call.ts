import { setTimeout as sleep } from 'node:timers/promises';
import type { PgSession } from '#ground/postgres-session';
import type { Server } from './boot.ts';
import { freezeSources } from './freeze.ts';
import type { PgBooks } from './pg-books.ts';

/** How often it is looked whether the others have answered. */
const LOOK_MS = 100;

export type RollCall = {
  readonly server: Server;
  /** Whether a writer that cannot answer any more is known already. */
  readonly isMissing: boolean;
  readonly waitMs: number;
};

function nameOf({ systemId, timeline }: Server): string {
  return `${systemId}/${timeline}`;
}

/** The server on which every writer has found its commits; '' where some are known to be missing. New books are whole where they are. */
async function lastCalled(session: PgSession, bookId: string, server: Server): Promise<string> {
  await session.query('INSERT INTO servers (book_id, server) VALUES ($1, $2) ON CONFLICT DO NOTHING', [bookId, nameOf(server)]);
  const { rows } = await session.query('SELECT server FROM servers WHERE book_id = $1', [bookId]);
  return rows[0]?.['server'] as string;
}

/** Lanes whose owners have neither ended in order nor answered on this server. */
async function unanswered(session: PgSession, bookId: string, server: Server): Promise<readonly string[]> {
  const { rows } = await session.query(
    `SELECT l.lane_id FROM lanes l JOIN epochs e ON e.epoch_id = l.owner_epoch
     WHERE l.book_id = $1 AND l.server <> $2 AND e.ended_at IS NULL`,
    [bookId, nameOf(server)],
  );
  return rows.map((row) => row['lane_id'] as string);
}

/** Before a lane is taken: whether on this server nobody can answer any more for what its last owner has committed. */
export async function leavesDoubt(session: PgSession, bookId: string, laneId: string, server: Server): Promise<boolean> {
  const last = await lastCalled(session, bookId, server);
  return last !== nameOf(server) && (await unanswered(session, bookId, server)).includes(laneId);
}

/**
 * On a server that is not the one before (a standby that was promoted, a copy), every writer says whether it has found its own commits there;
 * until all have, none begins a call. Each knows its own only: where one cannot be asked any more, what it had committed may be missing, and
 * all sources are frozen until they are reconciled.
 * Called by a writer that has found its own. @throws Interrupted
 */
export async function answerRollCall(session: PgSession, books: PgBooks, { server, isMissing, waitMs }: RollCall): Promise<void> {
  const { bookId, laneId } = books;
  if ((await lastCalled(session, bookId, server)) === nameOf(server)) return;
  if (!isMissing) await answer(session, bookId, laneId, server);
  for (let waited = 0; !isMissing && waited < waitMs; waited += LOOK_MS) {
    const last = await lastCalled(session, bookId, server);
    if (last === nameOf(server)) return;
    if (last === '') break;
    if ((await unanswered(session, bookId, server)).length === 0) await endRollCall(session, bookId, server, last);
    else await sleep(LOOK_MS);
  }
  await freezeSources(session, books);
  await answer(session, bookId, laneId, server);
  await endRollCall(session, bookId, server, null);
}

async function answer(session: PgSession, bookId: string, laneId: string, server: Server): Promise<void> {
  await session.query('UPDATE lanes SET server = $3 WHERE book_id = $1 AND lane_id = $2', [bookId, laneId, nameOf(server)]);
}

/** @param last what it was when all had answered: one of them may have raised doubt since; null where the sources are frozen, so that nobody need. */
async function endRollCall(session: PgSession, bookId: string, server: Server, last: string | null): Promise<void> {
  await session.query('UPDATE servers SET server = $2 WHERE book_id = $1 AND server = coalesce($3, server)', [
    bookId,
    nameOf(server),
    last,
  ]);
}

/** This writer misses commits of its own: nobody goes on before the sources are frozen. */
export async function raiseDoubt(session: PgSession, bookId: string, laneId: string): Promise<void> {
  await session.pipeline([
    { text: 'BEGIN' },
    { text: "UPDATE servers SET server = '' WHERE book_id = $1", values: [bookId] },
    { text: "UPDATE lanes SET server = '' WHERE book_id = $1 AND lane_id = $2", values: [bookId, laneId] },
    { text: 'COMMIT' },
  ]);
}
