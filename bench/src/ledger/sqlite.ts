import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../../../packages/server/src/ground/clock.ts';
import { Channel, type WriterPort } from '../../../packages/server/src/ledger/channel.ts';
import { openSqliteLedger } from '../../../packages/server/src/ledger/index.ts';
import { bareBooks } from './bare.ts';
import type { Engine } from './engine.ts';
import { BOOK_ID, LANE_ID } from './requests.ts';

const fileIn = (folder: string) => join(folder, 'ledger.db');

export const sqlite: Engine = {
  openLedger: async (folder) => {
    const keys = { ticketKey: Buffer.alloc(32, 1), chainKey: Buffer.alloc(32, 2) };
    const { ledger, findings } = await openSqliteLedger({ file: fileIn(folder), bookId: BOOK_ID, laneId: LANE_ID, ...keys });
    if (findings.length > 0) throw new Error(`the books do not open clean: ${findings[0]}`);
    return ledger;
  },
  openBare: async (folder) => {
    const worker = new Worker(new URL('./sqlite-bare.worker.ts', import.meta.url), { workerData: join(folder, 'bare.db') });
    await once(worker, 'message');
    return bareBooks(new Channel(worker as WriterPort, systemClock));
  },
  // With what the file has not taken over from its log yet.
  sizeOf: (folder) =>
    ['', '-wal'].reduce((sum, end) => sum + (statSync(`${fileIn(folder)}${end}`, { throwIfNoEntry: false })?.size ?? 0), 0),
};
