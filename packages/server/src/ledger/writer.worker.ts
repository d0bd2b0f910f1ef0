import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type Database, type FileLock, openWriter, SchemaTooNew, tryLockFile } from '#ground/database';
import type { SqliteBooks } from './books.ts';
import { bootBooks } from './boot.ts';
import { LedgerFault } from './fault.ts';
import type { WriterMessage, WriterOptions, WriterReply } from './protocol.ts';
import { recover } from './recovery.ts';
import { sqliteTurns } from './sqlite-turns.ts';
import { Turns } from './turns.ts';

// The one writer of the books on SQLite: the only connection that writes, in a thread of its own.

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
  // All of a turn runs without a pause, so no message comes while one is being taken: they wait in the port.
  const letGo = () => {
    lock.release();
    // The reply goes first: the port closes with the turn.
    setImmediate(() => port.close());
  };
  const turns = new Turns(sqliteTurns(books, letGo), { take, reply });
  port.on('message', (first: WriterMessage) => {
    // What fails here must end the thread, and with it every call that waits.
    void turns.start(first).catch(fail);
  });
}

function fail(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

function take(): WriterMessage | undefined {
  return receiveMessageOnPort(port)?.message as WriterMessage | undefined;
}

start();
