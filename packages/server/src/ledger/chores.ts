import { Worker } from 'node:worker_threads';

export type Chore =
  | { readonly kind: 'verify'; readonly file: string; readonly bookId: string; readonly chainKey: Uint8Array }
  | { readonly kind: 'backup'; readonly file: string; readonly to: string };

/** Runs one long read in a thread of its own. Rejects with what it threw there. */
export function runChore(chore: Chore): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./chores.worker.ts', import.meta.url), { workerData: chore });
    worker.on('message', resolve);
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`the thread ended with ${code} and no answer`)));
  });
}
