import { Aside } from './aside.ts';
import type { SqliteBooks } from './books.ts';
import type { TurnEngine } from './turns.ts';
import { runBatch } from './writer.ts';

/** The books on SQLite, as the turns need them. @param letGo called when the books are closed. */
export function sqliteTurns(books: SqliteBooks, letGo: () => void): TurnEngine {
  const aside = new Aside(books);
  return {
    seeTime: (now, grantNow) => {
      books.now = Math.max(books.now, now);
      books.grantNow = grantNow;
    },
    sortOut: (ops) => aside.take(ops),
    batch: (ops, now) => runBatch(books, ops, now),
    get hasAside() {
      return !aside.isEmpty;
    },
    aside: () => aside.run(),
    close: () => {
      books.db.prepare('UPDATE epochs SET ended_at = ? WHERE epoch_id = ?').run(books.now, books.epoch);
      books.db.close();
      letGo();
    },
  };
}
