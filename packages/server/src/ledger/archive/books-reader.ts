import { openReader, type SqlRow } from '#ground/database';
import type { BooksAt } from '../types.ts';
import type { ArchiveEngine } from './choose.ts';

/** The books as the archiver reads them, on a connection of its own. */
export type BooksReader = {
  /** Runs `use` over one snapshot. */
  snapshot<T>(use: (engine: ArchiveEngine) => Promise<T>): Promise<T>;
  /** From now on no row of this month is added, by any writer; all that was added is in the next snapshot. */
  closeMonth(month: number): Promise<void>;
  close(): Promise<void>;
};

export async function openBooksReader(at: BooksAt): Promise<BooksReader> {
  return 'file' in at ? sqliteBooks(at.file) : (await import('../postgres/archive.ts')).pgBooksReader(at.url);
}

function sqliteBooks(file: string): BooksReader {
  const db = openReader(file);
  return {
    snapshot: async (use) => {
      db.exec('BEGIN');
      try {
        return await use({ rows: (sql, ...values) => db.prepare(sql).iterate(...values) as Iterable<SqlRow> });
      } finally {
        db.exec('COMMIT');
      }
    },
    // There is one writer, and its time was kept before this began.
    closeMonth: async () => {},
    close: async () => db.close(),
  };
}
