import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { connectPostgres } from '../../packages/server/src/ground/postgres.ts';
import { migratePg } from '../../packages/server/src/ledger/postgres/migrate.ts';
import { type Cluster, startCluster } from './postgres-cluster.ts';

/** A database with the ledger's tables in it and no books: a copy of it is quicker to have than its migrations are done again. */
export const MIGRATED = 'migrated';

/** What the desk is asked. `drop`: the name of a database follows. */
export const DESK = { server: '/server', migrated: '/migrated', drop: '/drop/' } as const;

const OPTIONS = { applicationName: 'tests', connectTimeoutMs: 10_000, statementTimeoutMs: 60_000 };

declare module 'vitest' {
  interface ProvidedContext {
    /** Where a test asks for the server that the whole run shares. */
    postgresDesk: string;
  }
}

/** Starts one PostgreSQL for the whole run, when the first test asks for it, and stops it at the end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let cluster: Promise<Cluster> | null = null;
  let migrated: Promise<Cluster> | null = null;
  let dropped = Promise.resolve();
  const answer = async (path: string): Promise<number> => {
    cluster ??= startCluster();
    const started = await cluster;
    if (path === DESK.migrated) {
      migrated ??= withMigrated(started);
      await migrated;
    } else if (path.startsWith(DESK.drop)) {
      // One after another, and nobody waits: each is a checkpoint, and what stays goes with the server.
      const statement = `DROP DATABASE IF EXISTS ${path.slice(DESK.drop.length)} WITH (FORCE)`;
      dropped = dropped.then(() => administer(started, statement)).catch(() => {});
    }
    return started.port;
  };
  const desk = createServer(({ url = '' }, res) => {
    answer(url).then(
      (port) => res.end(String(port)),
      (error: unknown) => res.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => desk.listen(0, '127.0.0.1', resolve));
  project.provide('postgresDesk', `http://127.0.0.1:${(desk.address() as AddressInfo).port}`);
  return async () => {
    desk.close();
    desk.closeAllConnections();
    const started = await cluster?.catch(() => null);
    await started?.dispose();
  };
}

async function withMigrated(cluster: Cluster): Promise<Cluster> {
  await administer(cluster, `CREATE DATABASE ${MIGRATED}`);
  const session = await connectPostgres(cluster.url(MIGRATED), OPTIONS);
  await migratePg(session, Date.now()).finally(() => session.close());
  return cluster;
}

async function administer(cluster: Cluster, statement: string): Promise<void> {
  const session = await connectPostgres(cluster.url(), OPTIONS);
  await session.query(statement).finally(() => session.close());
}
