import { createSecretKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { TallyError } from '@tallystick/core';
import { openReader } from '#ground/database';
import { hashFile } from '#ground/files';
import { hashFast } from '#ground/keccak';
import { LedgerFault } from '../fault.ts';
import { type BooksReader, openBooksReader } from './books-reader.ts';
import { choose } from './choose.ts';
import { makeFile } from './file.ts';
import type { ArchiveJob, ArchiveTask, FileReport, JobAnswer } from './job.ts';
import { verifyArchiveFile } from './verify-file.ts';

// Archives are read and written away from the thread that serves. One job, then it ends.

// Only this thread: serving comes first where cores are few.
try {
  setPriority(0, 10);
} catch {
  // A system that forbids it archives at the priority that it was given.
}

const { at, bookId, chainKey, folder, task } = workerData as ArchiveJob;
const key = createSecretKey(chainKey);

async function run(): Promise<JobAnswer> {
  await hashFast();
  if (task.kind === 'verify') return { result: 'verified', report: await verified(task.file) };
  const books = await openBooksReader(at);
  try {
    return await archive(books, task);
  } finally {
    await books.close();
  }
}

async function archive(books: BooksReader, { kind, question, now }: Exclude<ArchiveTask, { kind: 'verify' }>): Promise<JobAnswer> {
  const choosing = { ...question, bookId, key, now };
  const choice = await choose(books.engine, choosing);
  if (choice.result !== 'ready') return choice;
  if (kind === 'next') return { result: 'ready', month: choice.month };
  await books.closeMonth(choice.month);
  // A month that is ready stays so: nothing of it can become open, unsigned or frozen again.
  const { month, before } = choice;
  return { result: 'written', draft: await makeFile(folder, { bookId, month, before, key }, books.engine) };
}

async function verified(file: string): Promise<FileReport> {
  const fileHash = existsSync(file) ? await hashFile(file) : null;
  if (fileHash === null) throw new LedgerFault('ARCHIVE_MISSING', 'There is no such file.');
  const nothing = { bookId: null, month: null, fileHash };
  try {
    const db = openReader(file);
    try {
      const { header, findings } = await verifyArchiveFile(db, key);
      return { bookId: header?.bookId ?? null, month: header?.month ?? null, fileHash, findings };
    } finally {
      db.close();
    }
  } catch {
    // A file that cannot be read through is no sound archive, whatever the reason.
    return { ...nothing, findings: ['the file cannot be read as an archive'] };
  }
}

function fault(error: unknown): JobAnswer {
  if (error instanceof LedgerFault || error instanceof TallyError) {
    const { code, message, facts } = error;
    return { result: 'fault', code, message, facts };
  }
  const reason = error instanceof Error ? error.message : 'unknown reason';
  return { result: 'fault', code: 'LEDGER_UNAVAILABLE', message: `The archive could not be made: ${reason}`, facts: {} };
}

parentPort?.postMessage(await run().catch(fault));
