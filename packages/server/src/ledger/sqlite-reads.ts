import { openReader, type SqlRow, type Statement } from '#ground/database';
import type { ReadEngine } from './reads.ts';

/** Reads on a connection of their own, beside the writer's. */
export function sqliteReads(file: string): ReadEngine {
  const db = openReader(file);
  const prepared = new Map<string, Statement>();
  const statement = (sql: string): Statement => {
    const made = prepared.get(sql) ?? db.prepare(sql);
    prepared.set(sql, made);
    return made;
  };
  return {
    all: (sql, ...values) => statement(sql).all(...values) as SqlRow[],
    // There is one writer: its commits come one after another.
    outboxIsWhole: 'seq > 0',
    generation: (bookId) => Number((statement('SELECT generation FROM books WHERE book_id = ?').get(bookId) as SqlRow).generation),
    close: () => db.close(),
  };
}
