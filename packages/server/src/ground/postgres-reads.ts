import { type ClientBase, DatabaseError, Pool, type types } from 'pg';
import { PgConnectionLost, pgError, reasonOf } from './postgres-errors.ts';
import type { PgResult } from './postgres-pipeline.ts';
import { settingsStep } from './postgres-settings.ts';
import { configOfUrl, withUrl } from './postgres-url.ts';
import { decoderOf, encodeParam, type PgParam, type PgRow } from './postgres-values.ts';

export type PgReads = {
  /** On any connection that is free, outside any transaction. @throws PgValueError, PgError, PgConnectionLost as a session does. */
  query(text: string, values?: readonly PgParam[]): Promise<PgResult>;
  /** Waits for what is under way. */
  close(): Promise<void>;
};

export type PgReadsOptions = {
  readonly applicationName: string;
  /** Connections at most; opened when they are needed. */
  readonly max: number;
  /** For a connection, and for the wait for a free one. */
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
};

/** A few connections for reading only: the server refuses to write over them. They come and go by themselves; nothing may be locked here. */
export function openPgReads(url: string, options: PgReadsOptions): PgReads {
  const { applicationName, max, connectTimeoutMs, statementTimeoutMs } = options;
  const pool = withUrl(
    () =>
      new Pool({
        ...configOfUrl(url),
        max,
        application_name: applicationName,
        connectionTimeoutMillis: connectTimeoutMs,
        types: { getTypeParser: decoderOf as typeof types.getTypeParser },
        onConnect: (client) => prepare(client, statementTimeoutMs),
      }),
  );
  // A connection that breaks while nobody uses it is dropped from the pool; without a listener it would end the process.
  pool.on('error', () => {});
  return {
    query: async (text, values = []) => {
      const encoded = values.map(encodeParam);
      const { rows, rowCount } = await pool.query<PgRow>({ text, values: encoded }).catch(explain);
      return { rows, rowCount: rowCount ?? 0 };
    },
    close: () => pool.end(),
  };
}

async function prepare(client: ClientBase, statementTimeoutMs: number): Promise<void> {
  const { text, values = [] } = settingsStep(statementTimeoutMs, { default_transaction_read_only: 'on' });
  await client.query({ text, values: values.map(encodeParam) });
}

function explain(error: unknown): never {
  if (error instanceof DatabaseError && error.code !== undefined) throw pgError(error, 0);
  throw new PgConnectionLost(reasonOf(error), true);
}
