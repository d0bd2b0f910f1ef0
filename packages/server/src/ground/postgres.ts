import { Client } from 'pg';
import { PgSession } from './postgres-session.ts';
import { settingsStep } from './postgres-settings.ts';
import { configOfUrl, withUrl } from './postgres-url.ts';

export type PgOptions = {
  readonly applicationName: string;
  /** For the connection, and again for the first answer over it. */
  readonly connectTimeoutMs: number;
  /** The server cancels a statement after so long, and its wait for a lock after half of it. A commit's wait for its standby has no end. */
  readonly statementTimeoutMs: number;
  /** No whole answer to a pipeline for so long ends the session: TCP alone bears a silent partner for many minutes. Absent = no end. */
  readonly answerTimeoutMs?: number;
};

/**
 * Opens one connection and sets what its statements rely on.
 * @throws TallyError CONFIG_INVALID for a URL that cannot be used; PgError where the server refuses (`28P01` wrong password, `3D000` no
 * such database, `57P03` not ready …); PgConnectionLost where there is none. None repeats the URL or its password.
 */
export async function connectPostgres(url: string, options: PgOptions): Promise<PgSession> {
  const { applicationName, connectTimeoutMs, statementTimeoutMs, answerTimeoutMs = null } = options;
  const config = { ...configOfUrl(url), application_name: applicationName, connectionTimeoutMillis: connectTimeoutMs };
  const client = withUrl(() => new Client(config));
  return PgSession.open(client, settingsStep(statementTimeoutMs), { connectTimeoutMs, answerTimeoutMs });
}
