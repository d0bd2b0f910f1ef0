import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { TallyError } from '@tallystick/core';
import { type Database, lockFile, openWriter } from '#ground/sqlite';
import type { Books } from './books.ts';
import { bootBooks } from './boot.ts';
import { LIMITS } from './limits.ts';
import type { QueuedOp, WriterMessage, WriterOptions, WriterReply } from './protocol.ts';
import { recover } from './recovery.ts';
import { runBatch } from './writer.ts';

// The one writer of the books. It collects by itself: what is asked while a commit runs waits in the port and is the next batch.

const port = parentPort as NonNullable<typeof parentPort>;
const options = workerData as WriterOptions;

function reply(message: WriterReply): void {
  port.postMessage(message);
}

function start(): void {
  let lock: { release(): void } | undefined;
  let db: Database | undefined;
  try {
    lock = lockFile(`${options.file}.lock`);
    db = openWriter(options.file, options.pagesMax);
    const books = bootBooks(db, options);
    const recovery = recover(books);
    serve(books, lock);
    reply({ kind: 'ready', epoch: books.epoch, recovery });
  } catch (error) {
    if (db?.isOpen === true) db.close();
    lock?.release();
    const known =
      error instanceof TallyError ? error : new TallyError('LEDGER_UNAVAILABLE', `The books cannot be opened: ${reasonOf(error)}`);
    reply({ kind: 'failed', fault: { code: known.code, message: known.message, facts: known.facts } });
    port.close();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown reason';
}

function serve(books: Books, lock: { release(): void }): void {
  port.on('message', (first: WriterMessage) => {
    let message: WriterMessage | undefined = first;
    while (message !== undefined) {
      if ('close' in message) return close(books, lock);
      const { ops, now, next } = collect(message.ops, message.now);
      const { answers, dead } = runBatch(books, ops, now);
      reply({ kind: 'answers', answers });
      if (dead) throw new Error('the ledger engine failed');
      message = next ?? take();
    }
  });
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

function close(books: Books, lock: { release(): void }): void {
  books.db.prepare('UPDATE epochs SET ended_at = ? WHERE epoch_id = ?').run(books.now, books.epoch);
  books.db.close();
  lock.release();
  reply({ kind: 'closed' });
  port.close();
}

start();
