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

/**
 * Makes the partitions of this month and of the one that a week from now is in, where they are not there. What is archived stays away,
 * whatever a host's clock says.
 * @param now Unix ms.
 */
export async function ensurePartitions(session: PgSession, now: number): Promise<void> {
  const { rows } = await session.query("SELECT coalesce(max(month), 0) AS month FROM archives WHERE state <> 'sealed'");
  const archived = Number(rows[0]?.['month']);
  const months = new Set([monthOf(now), monthOf(now + AHEAD_MS)]);
  await createPartitions(
    session,
    [...months].filter((month) => month > archived),
  );
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

/** The partitions of all months up to one, and what archives left of earlier ones. */
export async function partitionsTo(
  session: PgSession,
  month: number,
): Promise<readonly { readonly name: string; readonly month: number }[]> {
  const { rows } = await session.query(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
     WHERE p.relname = ANY($1::text[]) AND pg_table_is_visible(p.oid) ORDER BY c.relname`,
    [PARTITIONED],
  );
  const found = rows.map((row) => ({ name: row['name'] as string, month: Number(/_(\d{6})$/.exec(row['name'] as string)?.[1]) }));
  return found.filter((partition) => partition.month <= month);
}
