import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Database, openWriter, type SqlRow } from '#ground/database';
import { Aside } from './aside.ts';
import type { SqliteBooks } from './books.ts';
import { bootBooks } from './boot.ts';
import type { AsideOp, QueuedOp } from './protocol.ts';
import { type SqliteEngine, sqliteEngine } from './sqlite.engine.ts';

const SYNC_FULL = 2n;

let engine: SqliteEngine;
let db: Database;
let books: SqliteBooks;
beforeEach(async () => {
  engine = await sqliteEngine();
  db = openWriter(engine.file);
  books = bootBooks(db, { ...engine.options, now: 5, pagesMax: 0 });
});
afterEach(async () => {
  db.close();
  await engine.dispose();
});

const synchronous = () => (db.prepare('PRAGMA synchronous').get() as SqlRow).synchronous;

function keep(id: number, bytes = 1): QueuedOp<AsideOp> {
  return { id, op: { kind: 'keepReplay', body: { receiptId: `r${id}`, expiresAt: 10, sealed: new Uint8Array(bytes) } } };
}

it('leaves every later commit synced, also after a run that failed', () => {
  const aside = new Aside(books);
  aside.take([{ id: 1, op: { kind: 'dropReplays' } }]);
  expect(aside.run()).toEqual([{ id: 1, value: 0 }]);
  expect(synchronous()).toBe(SYNC_FULL);
  db.exec('DROP TABLE replays');
  aside.take([{ id: 2, op: { kind: 'dropReplays' } }]);
  expect(aside.run()).toMatchObject([{ id: 2, fault: { code: 'LEDGER_UNAVAILABLE' } }]);
  expect(synchronous()).toBe(SYNC_FULL);
});

it('says so where later commits would not be synced', () => {
  const aside = new Aside(books);
  aside.take([keep(1)]);
  db.exec('BEGIN');
  // Within a transaction the engine refuses to change how it syncs.
  expect(() => aside.run()).toThrow();
  db.exec('ROLLBACK');
});

it('takes what moves no money out of a message, and nothing else', () => {
  const aside = new Aside(books);
  const stop = { id: 2, op: { kind: 'setStop', body: { stopped: true, reason: '' } } } as const;
  expect(aside.take([keep(1), stop, keep(3)])).toEqual([stop]);
  expect(aside.run().map(({ id }) => id)).toEqual([1, 3]);
  expect(aside.isEmpty).toBe(true);
  expect(aside.run()).toEqual([]);
});

it('does a little at a time, in order', () => {
  const aside = new Aside(books);
  aside.take(Array.from({ length: 20 }, (_, id) => keep(id)));
  aside.take([keep(20, 1_000_000), keep(21, 1_000_000), keep(22)]);
  const runs: number[][] = [];
  while (!aside.isEmpty) runs.push(aside.run().map(({ id }) => id));
  expect(runs.map(({ length }) => length)).toEqual([16, 6, 1]);
  expect(runs.flat()).toEqual(Array.from({ length: 23 }, (_, id) => id));
});
