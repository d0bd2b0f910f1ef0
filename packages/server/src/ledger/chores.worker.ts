import { createSecretKey } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { openReader } from '#ground/database';
import type { Chore } from './chores.ts';
import { verifyFile } from './sqlite-verify.ts';

// Long reads, away from the thread that serves: each runs once, on its own connection and snapshot.

const chore = workerData as Chore;
const db = openReader(chore.file);
try {
  if (chore.kind === 'verify') parentPort?.postMessage(await verifyFile(db, chore.bookId, createSecretKey(chore.chainKey)));
  else {
    db.prepare('VACUUM INTO ?').run(chore.to);
    parentPort?.postMessage([]);
  }
} finally {
  db.close();
}
