import type { PgStep } from '#ground/postgres-pipeline';
import type { PgSession } from '#ground/postgres-session';
import { AsideQueue } from '../aside-queue.ts';
import { LIMITS } from '../limits.ts';
import { UNAVAILABLE } from '../perform.ts';
import type { AsideOp, OpAnswer, QueuedOp } from '../protocol.ts';
import type { NewReplay } from '../types.ts';
import type { PgBooks } from './pg-books.ts';

/** After so many answers kept, or so many bytes, what is kept in all is summed up: until then it may be above its limits by as much. */
const SUM_EVERY = 64;
const SUM_EVERY_BYTES = 1_048_576;

const BEGIN: readonly PgStep[] = [
  { text: 'BEGIN', values: [] },
  // What is lost with it is only kept for a while anyway. The next batch waits for the disk, and for all that came before it.
  { text: 'SET LOCAL synchronous_commit = off', values: [] },
];
const COMMIT: PgStep = { text: 'COMMIT', values: [] };

/** What moves no money, on PostgreSQL: transactions of its own, between the batches, that never wait for the disk. */
export class PgAside {
  readonly #books: PgBooks;
  readonly #queue = new AsideQueue();
  #sinceSum = { rows: 0, bytes: 0 };

  constructor(books: PgBooks) {
    this.#books = books;
  }

  get queue(): AsideQueue {
    return this.#queue;
  }

  /** Performs some of what is queued. What cannot be done is given up. @param session null where there is none. */
  async run(session: PgSession | null): Promise<readonly OpAnswer[]> {
    const answers: OpAnswer[] = [];
    for (const { id, op } of this.#queue.next()) answers.push(await this.#perform(session, { id, op }));
    return answers;
  }

  async #perform(session: PgSession | null, { id, op }: QueuedOp<AsideOp>): Promise<OpAnswer> {
    if (session === null) return { id, fault: UNAVAILABLE };
    try {
      return { id, value: op.kind === 'keepReplay' ? await this.#keep(session, op.body) : await this.#drop(session) };
    } catch {
      await session.pipeline([{ text: 'ROLLBACK', values: [] }]).catch(() => {});
      return { id, fault: UNAVAILABLE };
    }
  }

  /** Keeps a sealed answer, if its call was settled and its key has not been revoked since. @returns whether it is kept. */
  async #keep(session: PgSession, { receiptId, expiresAt, sealed }: NewReplay): Promise<boolean> {
    const { bookId, now } = this.#books;
    if (expiresAt <= now) return false;
    const [, , kept] = await session.pipeline([
      ...BEGIN,
      {
        name: 'replay_add',
        text: `INSERT INTO replays (book_id, receipt_id, key_id, call_id, expires_at, size, sealed)
          SELECT $1, h.receipt_id, h.key_id, h.call_id, $3, $4, $5 FROM holds h JOIN accounts a ON a.book_id = $1 AND a.account_id = h.key_id
          WHERE h.book_id = $1 AND h.receipt_id = $2 AND h.state = 'settled' AND a.state NOT IN ('revoked', 'destroyed')
          ON CONFLICT (book_id, receipt_id) DO NOTHING RETURNING 1 AS kept`,
        values: [bookId, receiptId, expiresAt, sealed.length, sealed],
      },
      COMMIT,
    ]);
    this.#sinceSum = { rows: this.#sinceSum.rows + 1, bytes: this.#sinceSum.bytes + sealed.length };
    if (this.#sinceSum.rows >= SUM_EVERY || this.#sinceSum.bytes >= SUM_EVERY_BYTES) await this.#makeRoom(session);
    return kept?.rows.length === 1;
  }

  /** Drops the oldest answers where too many are kept, or too large ones. */
  async #makeRoom(session: PgSession): Promise<void> {
    this.#sinceSum = { rows: 0, bytes: 0 };
    await session.pipeline([
      ...BEGIN,
      {
        text: `DELETE FROM replays WHERE replay_no IN (
            SELECT replay_no FROM (
              SELECT replay_no, row_number() OVER newest AS rows, sum(size) OVER newest AS bytes FROM replays WHERE book_id = $1
              WINDOW newest AS (ORDER BY replay_no DESC)
            ) kept WHERE rows > $2 OR bytes > $3)`,
        values: [this.#books.bookId, LIMITS.replaysMax, LIMITS.replayBytesAllMax],
      },
      COMMIT,
    ]);
  }

  /** Drops what has expired or belongs to a revoked key, so many at a time. @returns how many. */
  async #drop(session: PgSession): Promise<number> {
    const { bookId, now } = this.#books;
    const [, , dropped] = await session.pipeline([
      ...BEGIN,
      {
        name: 'replays_drop',
        text: `WITH gone AS (DELETE FROM replays WHERE replay_no IN (
            SELECT r.replay_no FROM replays r WHERE r.book_id = $1 AND (r.expires_at <= $2 OR r.key_id IN (
              SELECT a.account_id FROM accounts a WHERE a.book_id = $1 AND a.kind = 'key' AND a.state IN ('revoked', 'destroyed')))
            LIMIT $3) RETURNING 1) SELECT count(*) AS n FROM gone`,
        values: [bookId, now, LIMITS.replayDropBatch],
      },
      COMMIT,
    ]);
    return Number(dropped?.rows[0]?.n ?? 0n);
  }
}
