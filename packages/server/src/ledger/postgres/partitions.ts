import type { PgError } from '#ground/postgres-errors';
import type { PgSession } from '#ground/postgres-session';
import { monthOf } from '../months.ts';
import { SCHEMA_LOCK } from './locks.ts';

/** Whether there is no partition for a row: a check that no constraint has made. */
export function isNoPartition({ sqlstate, constraint }: PgError): boolean {
  return sqlstate === '23514' && constraint === null;
}

export const PARTITIONED = ['postings', 'receipts', 'outbox'] as const;
/** The next month's partitions are made this long before it. */
const AHEAD_MS = 7 * 24 * 3_600_000;

/** Makes the partitions of this month and of the one that a week from now is in, where they are not there. @param now Unix ms. */
export function ensurePartitions(session: PgSession, now: number): Promise<void> {
  return createPartitions(session, [...new Set([monthOf(now), monthOf(now + AHEAD_MS)])]);
}

/** @param months as `monthOf` has them. */
export async function createPartitions(session: PgSession, months: readonly number[]): Promise<void> {
  const names = months.flatMap((month) => PARTITIONED.map((table) => ({ table, month, name: `${table}_${month}` })));
  const there = await session.query('SELECT relname FROM pg_class WHERE relname = ANY($1::text[]) AND pg_table_is_visible(oid)', [
    names.map(({ name }) => name),
  ]);
  const known = new Set(there.rows.map((row) => row['relname']));
  const missing = names.filter(({ name }) => !known.has(name));
  if (missing.length === 0) return;
  await session.pipeline([
    { text: 'BEGIN', values: [] },
    { text: 'SELECT pg_advisory_xact_lock($1)', values: [SCHEMA_LOCK] },
    ...missing.map(({ table, month, name }) => ({
      text: `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF ${table} FOR VALUES FROM (${month}) TO (${month + 1})`,
      values: [],
    })),
    { text: 'COMMIT', values: [] },
  ]);
}
