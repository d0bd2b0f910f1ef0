import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { Hex } from '@tallystick/core';
import { hashFast } from '#ground/keccak';
import { openReceiptReader } from '#ledger';
import { nextGroup } from './next-group.ts';
import type { SignerWorkerData } from './signer.ts';

// Hashing and signing happen here, away from the thread that serves.

const { at, bookId, domain, secretKey } = workerData as SignerWorkerData;
// Only this thread: serving comes first where cores are few.
try {
  setPriority(0, 10);
} catch {
  // A system that forbids it signs at the priority that it was given.
}

await hashFast();
const reader = openReceiptReader(at, bookId);

// One at a time, as it is asked. Where the books cannot be read now, nothing is signed now.
parentPort?.on('message', (laneId: Hex) => {
  void nextGroup(reader, laneId, domain, secretKey).then(
    (root) => parentPort?.postMessage({ root }),
    (cause: unknown) => parentPort?.postMessage({ failed: cause instanceof Error ? cause.message : 'unknown' }),
  );
});
