import { randomBytes } from 'node:crypto';
import { describe, inject } from 'vitest';
import { connectPostgres } from '../../packages/server/src/ground/postgres.ts';
import { findPostgres } from './postgres-binaries.ts';
import { DESK, MIGRATED } from './postgres-setup.ts';

/** Why tests over PostgreSQL cannot run here; null where they can. */
export const postgresMissing: string | null = (() => {
  const found = findPostgres();
  return 'missing' in found ? found.missing : null;
})();

/** As `describe`, for what needs a server; skipped aloud where there is none. */
export function describePostgres(title: string, body: () => void): void {
  const aloud = postgresMissing === null ? title : `${title} (needs PostgreSQL: ${postgresMissing})`;
  describe.skipIf(postgresMissing !== null)(aloud, body);
}

export type FreshDatabase = {
  /** For the role `postgres`, a superuser. */
  readonly url: string;
  /** Soon, with the sessions that are in it; it is not waited for. */
  drop(): Promise<void>;
};

/**
 * A database of one's own on the server that the whole run shares. A database and not a schema: advisory locks are kept by database, so
 * two tests would meet in one. It costs some 20 ms.
 */
export function freshDatabase(): Promise<FreshDatabase> {
  return databaseFrom(DESK.server, 'template1');
}

/** The same with the ledger's tables in it, for what is not about their migrations. */
export function migratedDatabase(): Promise<FreshDatabase> {
  return databaseFrom(DESK.migrated, MIGRATED);
}

async function databaseFrom(path: string, template: string): Promise<FreshDatabase> {
  const server = await sharedServer(path);
  const name = `t_${randomBytes(8).toString('hex')}`;
  const session = await connectPostgres(`${server}/postgres`, {
    applicationName: 'tests',
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 30_000,
  });
  await session.query(`CREATE DATABASE ${name} TEMPLATE ${template}`).finally(() => session.close());
  return { url: `${server}/${name}`, drop: async () => void (await sharedServer(DESK.drop + name)) };
}

async function sharedServer(path: string): Promise<string> {
  const response = await fetch(inject('postgresDesk') + path);
  const answer = await response.text();
  if (!response.ok) throw new Error(`the shared PostgreSQL did not start: ${answer}`);
  return `postgres://postgres@127.0.0.1:${answer}`;
}
