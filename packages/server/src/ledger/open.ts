import { createSecretKey } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { Hex } from '@tallystick/core';
import { type Clock, systemClock } from '#ground/clock';
import type { Archiving } from './archive/archives.ts';
import { removeFromFile } from './archive/remove-sqlite.ts';
import { Channel, type WriterPort } from './channel.ts';
import { runChore } from './chores.ts';
import type { WriterHub } from './hub.ts';
import { type LedgerBooks, ledgerOf } from './ledger-of.ts';
import type { WriterOptions } from './protocol.ts';
import { openReads } from './reads.ts';
import { recordReads } from './record-reads.ts';
import { sqliteReads } from './sqlite-reads.ts';
import { type OpenedLedger, opened, started } from './started.ts';
import * as check from './validate.ts';

export type SqliteLedgerOptions = {
  /** The database; `<file>.lock` beside it marks the one process that may write. */
  readonly file: string;
  readonly bookId: string;
  readonly laneId: Hex;
  /** Keys the send permits, 32 bytes; the vault has the same. */
  readonly ticketKey: Buffer;
  /** Keys the chains of postings, 32 bytes. */
  readonly chainKey: Buffer;
  readonly clock?: Clock;
  /** Wall time less what the clock jumped forward by, Unix ms: what opens by time opens by this. Absent = wall time as it is. */
  readonly grantMs?: () => number;
  /** Where archived months go, and are read from; absent = nowhere. */
  readonly archiveFolder?: string;
  /** Most pages (4 KiB) of the database; 0 = no limit but the disk. */
  readonly pagesMax?: number;
  /** Joins further processes to the writer. */
  readonly hub?: WriterHub;
};

/**
 * Opens the books: takes them for this process, brings the schema up to date, starts an epoch, checks every account against its postings,
 * and burns the open holds of dead epochs. Ready to serve when it resolves.
 * @throws TallyError DATA_LOCKED, STATE_INVALID, CONFIG_INVALID, INPUT_INVALID, LEDGER_UNAVAILABLE
 */
export async function openSqliteLedger(options: SqliteLedgerOptions): Promise<OpenedLedger> {
  const clock = options.clock ?? systemClock;
  checkOptions(options);
  const { file, bookId, laneId, ticketKey, chainKey, pagesMax = 0 } = options;
  const workerData: WriterOptions = { file, bookId, laneId, ticketKey, chainKey, now: clock.wallMs(), pagesMax };
  const worker = new Worker(new URL('./writer.worker.ts', import.meta.url), { workerData });
  const { epoch, recovery } = await started(worker);
  const channel = new Channel(options.hub?.over(worker as WriterPort, options.grantMs) ?? (worker as WriterPort), clock, {
    grantMs: options.grantMs,
  });
  const reads = sqliteReads(file);
  const books: LedgerBooks = {
    laneId,
    epoch,
    reads: openReads(reads, bookId),
    records: recordReads(reads, bookId, createSecretKey(chainKey)),
    verify: () => runChore({ kind: 'verify', file, bookId, chainKey }),
    backup: async (to) => {
      await runChore({ kind: 'backup', file, to });
    },
    archiving: archivingOf(options),
  };
  return opened(ledgerOf(books, channel), recovery);
}

function archivingOf({ file, bookId, chainKey, archiveFolder }: SqliteLedgerOptions): Archiving | null {
  if (archiveFolder === undefined) return null;
  const removeRows: Archiving['removeRows'] = (_archive, archive, channel) => removeFromFile(channel, archive, chainKey);
  return { at: { file }, bookId, chainKey, folder: archiveFolder, removeRows };
}

function checkOptions(options: SqliteLedgerOptions): void {
  check.checkId(options.bookId, 'bookId');
  check.checkLaneId(options.laneId);
  for (const key of ['ticketKey', 'chainKey'] as const) if (options[key].length !== 32) throw check.invalid(key, 'is not 32 bytes');
}
