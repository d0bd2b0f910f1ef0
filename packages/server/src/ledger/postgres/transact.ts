import { PgConnectionLost, PgError } from '#ground/postgres-errors';
import type { PgResult, PgStep } from '#ground/postgres-pipeline';
import type { PgSession } from '#ground/postgres-session';
import type { accountRow } from '../account-row.ts';
import { accountAfter, auditRow } from '../audit.ts';
import { LaneLost } from '../books.ts';
import { LIMITS } from '../limits.ts';
import { type Fetch, fetchesOf, openingFetches, type Plan } from './fetch.ts';
import { flushSteps } from './flush.ts';
import { type Need, NotFetched } from './not-fetched.ts';
import type { PgBooks } from './pg-books.ts';
import { newUnit } from './unit.ts';

/** A batch that asks for more and more is not one of ours. */
const FETCHES_MAX = 256;
const LANE_LOST = 'TA003';

/** The connection went away while the commit was on its way: whether it is there will be known from the lane's own count of batches. */
export class OutcomeUnknown extends Error {
  readonly value: unknown;

  constructor(value: unknown) {
    super('the connection to the database was lost in the middle of a commit');
    this.value = value;
  }
}

/**
 * Runs `body` in one durable transaction, or leaves books and memory as they were. Two round trips: one locks and fetches what the plan
 * names, one writes everything and commits. Where `body` reads what is not fetched it is undone, the rest is fetched, and it runs again.
 * @param isStrict compare everything with fetched rows before it is written.
 * @throws OutcomeUnknown (memory is then left as `body` made it) · PgConnectionLost, PgError, LaneLost and what `body` throws (all undone)
 */
export async function transact<T>(session: PgSession, books: PgBooks, plan: Plan, isStrict: boolean, body: () => T): Promise<T> {
  const laneSeq = books.nextLaneSeq;
  books.unit = newUnit(isStrict, plan.holdIds);
  books.accounts.clear();
  books.guarded.clear();
  books.dirty = false;
  try {
    await fetchAll(session, books, openingFetches(books, plan));
    const value = await perform(session, books, body);
    if (!books.dirty) {
      books.journal.commit();
      await session.pipeline([ROLLBACK]);
      remember(books);
      return value;
    }
    await commit(session, books, laneSeq, value);
    books.journal.commit();
    remember(books);
    return value;
  } catch (error) {
    if (error instanceof OutcomeUnknown) throw error;
    books.journal.rollbackTo(0);
    if (!(error instanceof PgConnectionLost)) await session.pipeline([ROLLBACK]).catch(() => {});
    throw error instanceof PgError && error.sqlstate === LANE_LOST ? new LaneLost('another writer owns the lane') : error;
  }
}

const ROLLBACK: PgStep = { text: 'ROLLBACK', values: [] };
const COMMIT: PgStep = { text: 'COMMIT', values: [] };

async function perform<T>(session: PgSession, books: PgBooks, body: () => T): Promise<T> {
  for (let fetches = 0; ; fetches += 1) {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof NotFetched) || fetches === FETCHES_MAX) throw error;
      books.journal.rollbackTo(0);
      books.dirty = false;
      await fetchAll(session, books, fetchesOf(books, widened(books, error.need)));
    }
  }
}

/** Who asks for one proof will ask for those of all accounts that were fetched and are not trusted. */
function widened({ accounts, unit }: PgBooks, need: Need): Need {
  if (need.kind !== 'proofs') return need;
  const untrusted = [...unit.accounts].filter(([id, { found }]) => found !== null && !accounts.has(id) && !unit.proofs.has(id));
  return { kind: 'proofs', ids: [...new Set([...need.ids, ...untrusted.map(([id]) => id)])] };
}

async function fetchAll(session: PgSession, books: PgBooks, fetches: readonly Fetch[]): Promise<void> {
  const results = await session.pipeline(fetches.map(({ step }) => step));
  for (const [at, { load }] of fetches.entries()) load(results[at] as PgResult);
  const gone = [...books.unit.accounts].filter(([id, { found }]) => found === null && books.known.has(id)).map(([id]) => id);
  const unproved = gone.filter((id) => !books.unit.proofs.has(id));
  if (unproved.length > 0) await fetchAll(session, books, fetchesOf(books, { kind: 'proofs', ids: unproved }));
  else for (const id of gone) bringBack(books, id);
}

/** A row that is gone: what it must have been follows from its postings and its open holds, and what is fixed of it is remembered. */
function bringBack(books: PgBooks, id: string): void {
  const known = books.known.get(id);
  const proof = books.unit.proofs.get(id);
  const last = proof?.postings[0];
  if (known === undefined || proof === undefined || last === undefined || books.accounts.has(id)) return;
  const row = { ...accountAfter(known, last), held: proof.held };
  if (auditRow(books, row, proof.held) === null) books.accounts.set(id, row);
}

async function commit(session: PgSession, books: PgBooks, laneSeq: bigint, value: unknown): Promise<void> {
  const lane: PgStep = {
    name: 'lane_commit',
    text: `WITH done AS (
        UPDATE lanes SET next_seq = $1, wall_high = $2, batches = batches + 1
        WHERE lane_no = $3 AND owner_epoch = $4 AND next_seq = $5 AND batches = $6 RETURNING 1
      ) SELECT tally_expect('lane', '${LANE_LOST}', (SELECT count(*) FROM done), 1)`,
    values: [books.nextLaneSeq, books.now, books.laneNo, books.epoch, laneSeq, books.batches],
  };
  try {
    // The lane first: where it is lost, nothing else matters.
    await session.pipeline([lane, ...flushSteps(books.unit, books), COMMIT]);
  } catch (error) {
    if (error instanceof PgConnectionLost && error.sent) throw new OutcomeUnknown(value);
    throw error;
  }
  books.batches += 1n;
}

/** What was read under the locks, and then written, is what the next batch compares with. */
export function remember(books: PgBooks): void {
  const { known, accounts } = books;
  for (const [id, row] of accounts) {
    known.delete(id);
    known.set(id, row);
  }
  for (const id of known.keys()) {
    if (known.size <= LIMITS.accountsRemembered) return;
    known.delete(id);
  }
}

/** An account as it was read by itself, without a lock: for the check of all accounts when the books are opened. */
export function recall(books: PgBooks, row: ReturnType<typeof accountRow>): void {
  if (books.known.size < LIMITS.accountsRemembered) books.known.set(row.id, row);
}
