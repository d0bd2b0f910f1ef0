import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { type Cluster, startCluster } from './postgres-cluster.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where a test asks for the server that the whole run shares. */
    postgresDesk: string;
  }
}

/** Starts one PostgreSQL for the whole run, when the first test asks for it, and stops it at the end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let cluster: Promise<Cluster> | null = null;
  const desk = createServer((_, res) => {
    cluster ??= startCluster();
    cluster.then(
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
