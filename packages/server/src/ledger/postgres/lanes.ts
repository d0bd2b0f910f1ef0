import { setTimeout as sleep } from 'node:timers/promises';
import { tryAdvisoryLock } from '#ground/postgres-lock';
import type { PgSession } from '#ground/postgres-session';
import { LedgerFault } from '../fault.ts';
import type { PgOptions } from './boot.ts';
import { LostForGood, NotYet } from './connect.ts';
import { laneLock } from './locks.ts';
import type { PgBooks } from './pg-books.ts';

/** A lock may be another's for a moment only, who looks whether its owner is dead, or a session's that is just ending. */
const TRIES = 30;
const TRY_MS = 100;

/**
 * Takes the first free lane that no other host can have left for a moment only; only where there is none, any that is free.
 * @returns its index.
 */
export async function takeLane(session: PgSession, { bookId, hostId, laneIds }: PgOptions): Promise<number> {
  const { rows } = await session.query(
    `SELECT l.lane_id FROM lanes l JOIN epochs e ON e.epoch_id = l.owner_epoch
     WHERE l.book_id = $1 AND e.ended_at IS NULL AND e.host_id <> $2`,
    [bookId, hostId],
  );
  const others = new Set(rows.map((row) => row['lane_id']));
  const inOrder = [...laneIds.entries()].sort(([, a], [, b]) => Number(others.has(a)) - Number(others.has(b)));
  for (let tries = 0; tries < TRIES; tries += 1) {
    for (const [index, laneId] of inOrder) if (await tryAdvisoryLock(session, laneLock(bookId, laneId))) return index;
    await sleep(TRY_MS);
  }
  throw new LedgerFault('DATA_LOCKED', `${laneIds.length} processes are using the books: there is no lane left for another.`);
}

/**
 * Takes the lane again with a new session. The old one may not have ended yet: what it was doing must be over before anything is read.
 * @param oldPids backends of this writer's sessions before it.
 * @returns the lane's count of batches, read by a commit that every one before it is as durable as; null where these books know nothing
 * of this epoch: they are older than it. The lane need not be ours then.
 * @throws LostForGood where another has the lane; NotYet
 */
export async function retakeLane(session: PgSession, books: PgBooks, oldPids: readonly number[], waitMs: number): Promise<bigint | null> {
  const { bookId, laneId, epoch, now } = books;
  const key = laneLock(bookId, laneId);
  for (let tried = 0; !(await tryAdvisoryLock(session, key)); tried += 1) {
    if (!(await isKnown(session, books))) return null;
    if (tried * TRY_MS >= waitMs) throw new NotYet('the lane is still locked by another session');
    await endBackends(session, key, oldPids);
    await sleep(TRY_MS);
  }
  const { rows } = await session.query(
    'UPDATE lanes SET wall_high = greatest(wall_high, $1) WHERE book_id = $2 AND lane_id = $3 AND owner_epoch = $4 RETURNING batches',
    [now, bookId, laneId, epoch],
  );
  if (rows[0] !== undefined) return rows[0]['batches'] as bigint;
  await isKnown(session, books);
  return null;
}

/** Whether these books know this epoch at all. @throws LostForGood where they do, and another owns its lane. */
async function isKnown(session: PgSession, { epoch }: PgBooks): Promise<boolean> {
  const { rows } = await session.query(
    `SELECT l.owner_epoch FROM epochs e JOIN lanes l ON l.book_id = e.book_id AND l.lane_id = e.lane_id WHERE e.epoch_id = $1`,
    [epoch],
  );
  const owner = rows[0]?.['owner_epoch'];
  if (owner !== undefined && owner !== epoch) throw new LostForGood('another process has taken over the lane and ended its calls');
  return owner !== undefined;
}

/** Only one that has the lane: elsewhere its number may be anybody's. */
async function endBackends(session: PgSession, key: bigint, pids: readonly number[]): Promise<void> {
  await session.query(
    `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pid = ANY($1::int[])
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND (classid::bigint << 32) | objid::bigint = $2`,
    [pids, key],
  );
}
