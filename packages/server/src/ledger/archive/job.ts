import { Worker } from 'node:worker_threads';
import { type ErrorCode, type ErrorFacts, TallyError } from '@tallystick/core';
import type { BooksAt } from '../types.ts';
import type { ArchiveDraft, ArchiveQuestion } from './types.ts';

export type ArchiveTask =
  /** @param now the ledger's own time, Unix ms. */
  | { readonly kind: 'next' | 'write'; readonly question: ArchiveQuestion; readonly now: number }
  | { readonly kind: 'verify'; readonly file: string };

export type ArchiveJob = {
  readonly at: BooksAt;
  readonly bookId: string;
  readonly chainKey: Uint8Array;
  readonly folder: string;
  readonly task: ArchiveTask;
};

/** What a file is, and what is wrong with it. */
export type FileReport = {
  readonly bookId: string | null;
  readonly month: number | null;
  readonly fileHash: string;
  readonly findings: readonly string[];
};

export type JobAnswer =
  | { readonly result: 'ready'; readonly month: number }
  | { readonly result: 'refused'; readonly month: number; readonly why: string }
  | { readonly result: 'nothing' }
  | { readonly result: 'written'; readonly draft: ArchiveDraft }
  | { readonly result: 'verified'; readonly report: FileReport }
  | { readonly result: 'fault'; readonly code: ErrorCode; readonly message: string; readonly facts: ErrorFacts };

/** Reads or writes an archive in a thread of its own, beside the calls. @throws TallyError what it failed with there */
export function runArchiveJob(job: ArchiveJob): Promise<Exclude<JobAnswer, { result: 'fault' }>> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./archive.worker.ts', import.meta.url), { workerData: job });
    worker.on('message', (answer: JobAnswer) => {
      if (answer.result === 'fault') reject(new TallyError(answer.code, answer.message, answer.facts));
      else resolve(answer);
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`the archiving thread ended with ${code} and no answer`)));
  });
}
