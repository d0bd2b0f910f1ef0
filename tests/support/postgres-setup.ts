import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { connectPostgres } from '../../packages/server/src/ground/postgres.ts';
import { migratePg } from '../../packages/server/src/ledger/postgres/migrate.ts';
import { type Cluster, startCluster } from './postgres-cluster.ts';

/** A database with the ledger's tables in it and no books: a copy of it is quicker to have than its migrations are done again. */
export const MIGRATED = 'migrated';
/** What the desk is asked for it. */
export const MIGRATED_PATH = '/migrated';

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
  const desk = createServer(({ url }, res) => {
    cluster ??= startCluster();
    if (url === MIGRATED_PATH) migrated ??= cluster.then(withMigrated);
    (url === MIGRATED_PATH && migrated !== null ? migrated : cluster).then(
      ({ port }) => res.end(String(port)),
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
  const options = { applicationName: 'tests', connectTimeoutMs: 10_000, statementTimeoutMs: 30_000 };
  const administrator = await connectPostgres(cluster.url(), options);
  await administrator.query(`CREATE DATABASE ${MIGRATED}`).finally(() => administrator.close());
  const session = await connectPostgres(cluster.url(MIGRATED), options);
  await migratePg(session, Date.now()).finally(() => session.close());
  return cluster;
}
