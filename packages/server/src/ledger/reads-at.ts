import { OUTBOX_IS_WHOLE } from './postgres/outbox.ts';
import { openReads, type ReadEngine, type Reads } from './reads.ts';
import { sqliteReads } from './sqlite-reads.ts';
import type { BooksAt } from './types.ts';

/** Reads of books that another process, or another thread, writes. */
export function readsAt(at: BooksAt, bookId: string): Reads {
  return openReads('file' in at ? sqliteReads(at.file) : whenUsed(at.url), bookId);
}

/** Loaded where it is used: a start on a file does not wait for a client that it never needs. */
function whenUsed(url: string): ReadEngine {
  let engine: Promise<ReadEngine> | null = null;
  const opened = () => {
    engine ??= import('./postgres/reads.ts').then(({ pgReads }) => pgReads(url, ''));
    return engine;
  };
  return {
    all: async (sql, ...values) => (await opened()).all(sql, ...values),
    outboxIsWhole: OUTBOX_IS_WHOLE,
    generation: async (bookId) => (await opened()).generation(bookId),
    close: async () => engine !== null && (await (await engine).close()),
  };
}
