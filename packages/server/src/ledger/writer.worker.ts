import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type Database, type FileLock, openWriter, SchemaTooNew, tryLockFile } from '#ground/database';
import { Aside } from './aside.ts';
import type { SqliteBooks } from './books.ts';
import { bootBooks } from './boot.ts';
import { LedgerFault } from './fault.ts';
import { LIMITS } from './limits.ts';
import type { BatchOp, QueuedOp, WriterMessage, WriterOptions, WriterReply } from './protocol.ts';
import { recover } from './recovery.ts';
import { runBatch } from './writer.ts';

// The one writer of the books. It collects by itself: what is asked while a commit runs waits in the port and is the next batch.

const port = parentPort as NonNullable<typeof parentPort>;
const options = workerData as WriterOptions;

function reply(message: WriterReply): void {
  port.postMessage(message);
}

function start(): void {
  let lock: FileLock | null = null;
  let db: Database | undefined;
  try {
    lock = tryLockFile(`${options.file}.lock`);
    if (lock === null) throw new LedgerFault('DATA_LOCKED', 'Another process is using the books.');
    db = openWriter(options.file, options.pagesMax);
    const books = bootBooks(db, options);
    const recovery = recover(books);
    serve(books, lock);
    reply({ kind: 'ready', epoch: books.epoch, recovery });
  } catch (error) {
    if (db?.isOpen === true) db.close();
    lock?.release();
    const { code, message, facts } = faultOf(error);
    reply({ kind: 'failed', fault: { code, message, facts } });
    port.close();
  }
}

function faultOf(error: unknown): LedgerFault {
  if (error instanceof LedgerFault) return error;
  if (error instanceof SchemaTooNew) return new LedgerFault('STATE_INVALID', error.message);
  return new LedgerFault('LEDGER_UNAVAILABLE', `The books cannot be opened: ${error instanceof Error ? error.message : 'unknown reason'}`);
}

function serve(books: SqliteBooks, lock: FileLock): void {
  const aside = new Aside(books);
  port.on('message', (first: WriterMessage) => {
    let message: WriterMessage | undefined = first;
    while (message !== undefined || !aside.isEmpty) {
      if (message !== undefined && 'close' in message) return close(books, lock, aside);
      let next: WriterMessage | undefined;
      if (message !== undefined) {
        const collected = collect(message.ops, message.now);
        next = collected.next;
        // Also where nothing of it is for a batch, which would look at the time itself.
        books.now = Math.max(books.now, collected.now);
        batch(books, aside.take(collected.ops), collected.now);
      }
      // One short run after each batch: what waits for a batch waits for no more than that, and what is aside gets its turn.
      runAside(aside);
      message = next ?? take();
    }
  });
}

function batch(books: SqliteBooks, ops: readonly QueuedOp<BatchOp>[], now: number): void {
  if (ops.length === 0) return;
  const { answers, dead } = runBatch(books, ops, now);
  reply({ kind: 'answers', answers });
  if (dead) throw new Error('the ledger engine failed');
}

function runAside(aside: Aside): void {
  const answers = aside.run();
  if (answers.length > 0) reply({ kind: 'answers', answers });
}

function take(): WriterMessage | undefined {
  return receiveMessageOnPort(port)?.message as WriterMessage | undefined;
}

/** Takes what else is waiting, up to one batch. A message that does not fit, or the close, is `next`. */
function collect(first: readonly QueuedOp[], firstNow: number): { ops: readonly QueuedOp[]; now: number; next: WriterMessage | undefined } {
  let ops = first;
  let now = firstNow;
  let next = take();
  while (next !== undefined && !('close' in next) && ops.length + next.ops.length <= LIMITS.batchMax) {
    ops = [...ops, ...next.ops];
    now = Math.max(now, next.now);
    next = take();
  }
  return { ops, now, next };
}

function close(books: SqliteBooks, lock: FileLock, aside: Aside): void {
  while (!aside.isEmpty) runAside(aside);
  books.db.prepare('UPDATE epochs SET ended_at = ? WHERE epoch_id = ?').run(books.now, books.epoch);
  books.db.close();
  lock.release();
  reply({ kind: 'closed' });
  port.close();
}

start();
