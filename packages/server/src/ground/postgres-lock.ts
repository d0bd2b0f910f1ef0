import type { PgSession } from './postgres-session.ts';

/**
 * Takes a lock of the whole database by number, for the life of the session: the server frees it when the session has ended, which it
 * notices at once where the process died, and within half a minute where the machine or the network did.
 * @param key any 64-bit integer with a sign.
 * @returns false while another session has it. A session that has it already takes it once more, and must give it back as often.
 */
export async function tryAdvisoryLock(session: PgSession, key: bigint): Promise<boolean> {
  const { rows } = await session.query('SELECT pg_try_advisory_lock($1::int8) AS taken', [key]);
  return rows[0]?.['taken'] === true;
}

/** @returns false where the session did not have it. */
export async function unlockAdvisory(session: PgSession, key: bigint): Promise<boolean> {
  const { rows } = await session.query('SELECT pg_advisory_unlock($1::int8) AS freed', [key]);
  return rows[0]?.['freed'] === true;
}
