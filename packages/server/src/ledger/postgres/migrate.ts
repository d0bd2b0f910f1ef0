import { migrationsIn } from '#ground/database';
import type { PgSession } from '#ground/postgres-session';
import { LedgerFault } from '../fault.ts';
import { SCHEMA_LOCK } from './locks.ts';

/**
 * Applies the numbered migrations that the database has not seen, all or none, one process at a time. Forward only.
 * @param wallMs Unix ms.
 * @throws LedgerFault STATE_INVALID (schema of a later version)
 */
export async function migratePg(session: PgSession, wallMs: number): Promise<void> {
  const all = migrationsIn(new URL('./migrations/', import.meta.url));
  const latest = all.at(-1)?.number ?? 0;
  await session.query('SELECT pg_advisory_lock($1)', [SCHEMA_LOCK]);
  try {
    await session.query(
      'CREATE TABLE IF NOT EXISTS migrations (number bigint PRIMARY KEY, name text NOT NULL, applied_at bigint NOT NULL)',
      [],
    );
    const { rows } = await session.query('SELECT coalesce(max(number), 0) AS n FROM migrations', []);
    const done = Number(rows[0]?.['n']);
    if (done > latest) {
      throw new LedgerFault('STATE_INVALID', `The data has schema ${done}, this version knows up to ${latest}: use the later version.`);
    }
    for (const { number, name, sql } of all) {
      if (number <= done) continue;
      await session.pipeline([
        { text: 'BEGIN' },
        {
          text: `DO $migration$ BEGIN
${sql}
END $migration$`,
        },
        { text: 'INSERT INTO migrations (number, name, applied_at) VALUES ($1, $2, $3)', values: [number, name, wallMs] },
        { text: 'COMMIT' },
      ]);
    }
  } finally {
    await session.query('SELECT pg_advisory_unlock($1)', [SCHEMA_LOCK]).catch(() => {});
  }
}
