import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../../../packages/server/src/ground/clock.ts';
import { Channel, type WriterPort } from '../../../packages/server/src/ledger/channel.ts';
import { openPostgresLedger } from '../../../packages/server/src/ledger/index.ts';
import { type Cluster, startCluster } from '../../../tests/support/postgres-cluster.ts';
import { bareBooks } from './bare.ts';
import type { Engine } from './engine.ts';
import { BOOK_ID, LANE_ID } from './requests.ts';

// A server of its own for each process that asks, durable as in earnest; it ends with the process.
let server: Promise<Cluster> | null = null;

async function url(): Promise<string> {
  server ??= startCluster({ shared_buffers: '256MB', max_wal_size: '4GB' });
  return (await server).url();
}

export const postgres: Engine = {
  openLedger: async () => {
    const keys = { ticketKey: Buffer.alloc(32, 1), chainKey: Buffer.alloc(32, 2) };
    const { ledger, findings } = await openPostgresLedger({
      url: await url(),
      bookId: BOOK_ID,
      hostId: 'bench',
      laneIds: [LANE_ID],
      ...keys,
    });
    if (findings.length > 0) throw new Error(`the books do not open clean: ${findings[0]}`);
    return ledger;
  },
  openBare: async () => {
    const worker = new Worker(new URL('./postgres-bare.worker.ts', import.meta.url), { workerData: await url() });
    await once(worker, 'message');
    return bareBooks(new Channel(worker as WriterPort, systemClock));
  },
  // Its files are not in a folder of the benchmark's.
  sizeOf: () => Number.NaN,
};
