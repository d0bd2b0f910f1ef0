import type { booksIn } from './postgres/find-books.ts';
import type { importFile } from './postgres/import.ts';
import type { OpenPostgres } from './postgres/open.ts';

// Loaded where it is used, so that a start on a file does not wait for a client that it never needs.

/** See `postgres/open.ts`. */
export const openPostgresLedger: OpenPostgres = async (options) => {
  const { openPostgresLedger: open } = await import('./postgres/open.ts');
  return open(options);
};

/** See `postgres/find-books.ts`. */
export const findPostgresBooks: typeof booksIn = async (url, bookId) => {
  const { booksIn: find } = await import('./postgres/find-books.ts');
  return find(url, bookId);
};

/** See `postgres/import.ts`. */
export const importToPostgres: typeof importFile = async (options) => {
  const { importFile: run } = await import('./postgres/import.ts');
  return run(options);
};
