import { tryAdvisoryLock, unlockAdvisory } from '#ground/postgres-lock';
import type { PgSession } from '#ground/postgres-session';
import { safely } from './connect.ts';
import { laneLock } from './locks.ts';
import { ensurePartitions } from './partitions.ts';
import type { PgBooks } from './pg-books.ts';
import type { Timing } from './settings.ts';
import { burnSome, type Dead, otherEpochs } from './sweep.ts';

export type NeighboursOptions = Pick<Timing, 'sweepMs' | 'deadAfterMs'> & {
  /** Monotonic ms. */
  readonly monotonicMs: () => number;
};

/**
 * Looks, every few seconds, after what nobody asks for: that the server is still fit, the months to come, and what other writers left behind.
 * An epoch is dead whose lane's lock was free at each of several looks in a row: its session may only have been cut, and come back.
 */
export class Neighbours {
  readonly #books: PgBooks;
  readonly #options: NeighboursOptions;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** By epoch: when its lock was first found free. */
  #silentSince = new Map<string, number>();
  #dying: Dead[] = [];

  constructor(books: PgBooks, options: NeighboursOptions) {
    this.#books = books;
    this.#options = options;
  }

  /** While this writer was away nobody was looked at, and others were away too: all count anew. */
  forget(): void {
    this.#silentSince.clear();
    this.#dying = [];
  }

  get isDue(): boolean {
    return this.#dying.length > 0 || this.#options.monotonicMs() - this.#lookedAt >= this.#options.sweepMs;
  }

  /** Does some of what is due. */
  async step(session: PgSession): Promise<void> {
    const dead = this.#dying[0];
    if (dead === undefined) {
      await this.#look(session);
      return;
    }
    const burned = await burnSome(session, this.#books, dead);
    if (burned === null || burned === 0) this.#dying.shift();
  }

  async #look(session: PgSession): Promise<void> {
    const now = this.#options.monotonicMs();
    // This writer may itself have stood still: what it last saw is too long ago to be called a row.
    if (now - this.#lookedAt > this.#options.sweepMs * 2) this.#silentSince.clear();
    this.#lookedAt = now;
    await safely(session);
    await ensurePartitions(session, this.#books.now);
    const silent = new Map<string, number>();
    for (const other of await otherEpochs(session, this.#books)) {
      const since = await this.#silence(session, other, now);
      if (since === null) continue;
      silent.set(other.epoch, since);
      if (now - since >= this.#options.deadAfterMs) this.#dying.push(other);
    }
    this.#silentSince = silent;
  }

  /** @returns since when an epoch has been without its lock; null where it has it. */
  async #silence(session: PgSession, { epoch, laneId }: Dead, now: number): Promise<number | null> {
    const { bookId } = this.#books;
    // Whoever had our own lane before us is dead: we have its lock.
    if (laneId === this.#books.laneId) return Number.NEGATIVE_INFINITY;
    const key = laneLock(bookId, laneId);
    if (!(await tryAdvisoryLock(session, key))) return null;
    await unlockAdvisory(session, key);
    return this.#silentSince.get(epoch) ?? now;
  }
}
