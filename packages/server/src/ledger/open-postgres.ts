import type { OpenPostgres } from './postgres/open.ts';

/** See `postgres/open.ts`: loaded where it is used, so that a start on a file does not wait for a client that it never needs. */
export const openPostgresLedger: OpenPostgres = async (options) => {
  const { openPostgresLedger: open } = await import('./postgres/open.ts');
  return open(options);
};
