import { openReader, type SqlRow, type Statement } from '#ground/database';
import type { BooksAt } from '../types.ts';
import type { ArchiveEngine } from './choose.ts';

/** The books as the archiver reads them, on a connection of its own. */
export type BooksReader = {
  readonly engine: ArchiveEngine;
  /** From now on no row of this month is added, by any writer, and all that was added is there. */
  closeMonth(month: number): Promise<void>;
  close(): Promise<void>;
};

export async function openBooksReader(at: BooksAt): Promise<BooksReader> {
  return 'file' in at ? sqliteBooks(at.file) : (await import('../postgres/archive.ts')).pgBooksReader(at.url);
}

function sqliteBooks(file: string): BooksReader {
  const db = openReader(file);
  const prepared = new Map<string, Statement>();
  const statement = (sql: string): Statement => {
    const made = prepared.get(sql) ?? db.prepare(sql);
    prepared.set(sql, made);
    return made;
  };
  return {
    engine: { rows: (sql, ...values) => statement(sql).all(...values) as SqlRow[] },
    // There is one writer, and its time was kept before this began.
    closeMonth: async () => {},
    close: async () => db.close(),
  };
}
