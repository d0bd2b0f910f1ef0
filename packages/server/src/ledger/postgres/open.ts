import { createSecretKey } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { Hex } from '@tallystick/core';
import { type Clock, systemClock } from '#ground/clock';
import { connectPostgres } from '#ground/postgres';
import type { Archiving } from '../archive/archives.ts';
import { Channel, type WriterPort } from '../channel.ts';
import type { WriterHub } from '../hub.ts';
import { type LedgerBooks, ledgerOf } from '../ledger-of.ts';
import type { Trouble } from '../protocol.ts';
import { openReads } from '../reads.ts';
import { recordReads } from '../record-reads.ts';
import { type OpenedLedger, opened, started } from '../started.ts';
import * as check from '../validate.ts';
import { removePgMonth } from './archive.ts';
import type { PgOptions } from './boot.ts';
import type { Connecting } from './connect.ts';
import { copyToFile } from './copy.ts';
import { pgReads, unreadable } from './reads.ts';
import { CONNECT, TIMING, type Timing } from './settings.ts';
import { verifyPg } from './verify.ts';

export type PostgresLedgerOptions = {
  /** `postgres://…`; secret, it may have a password in it. */
  readonly url: string;
  readonly bookId: string;
  /** Tells this host from others, across restarts: its generation is counted under this name. It runs one process at a time. */
  readonly hostId: string;
  /** Ids of the lanes of this gateway, by index: each process takes the first that is free. */
  readonly laneIds: readonly Hex[];
  /** Keys the send permits, 32 bytes; the vault has the same. */
  readonly ticketKey: Buffer;
  /** Keys the chains of postings, and the seals of rows, 32 bytes. The same on every host. */
  readonly chainKey: Buffer;
  readonly clock?: Clock;
  /** Wall time less what the clock jumped forward by, Unix ms: what opens by time opens by this. Absent = wall time as it is. */
  readonly grantMs?: () => number;
  /** Joins further processes to the writer. */
  readonly hub?: WriterHub;
  /** Told when the database is away, or away for another reason than before, when it is back, and when the books are lost to this process. */
  readonly onTrouble?: (trouble: Trouble) => void;
  /** Other times to wait than the usual ones. */
  readonly timing?: Partial<Timing>;
  /** Where archived months go, and are read from; absent = nowhere. */
  readonly archiveFolder?: string;
};

/** `laneIndex`: which of the lanes it has taken. */
export type OpenPostgres = (options: PostgresLedgerOptions) => Promise<OpenedLedger & { readonly laneIndex: number }>;

/**
 * Opens the books on PostgreSQL, as one of any number of hosts: brings the schema up to date, takes a lane, starts an epoch, checks every
 * account against its postings, and burns what the lane's earlier epochs left open. Ready to serve when it resolves.
 * @throws TallyError CONFIG_INVALID (the server is unfit), DATA_LOCKED (no lane is free), STATE_INVALID, INPUT_INVALID, LEDGER_UNAVAILABLE
 */
export const openPostgresLedger: OpenPostgres = async (options) => {
  const clock = options.clock ?? systemClock;
  checkOptions(options);
  const { url, bookId, hostId, laneIds, ticketKey, chainKey } = options;
  const timing = { ...TIMING, ...options.timing };
  const workerData: PgOptions & Connecting = { url, bookId, hostId, laneIds, ticketKey, chainKey, now: clock.wallMs(), timing };
  const worker = new Worker(new URL('./writer.worker.ts', import.meta.url), { workerData });
  const { epoch, recovery, laneIndex = 0 } = await started(worker);
  const [reads, key] = [pgReads(url, hostId), createSecretKey(chainKey)];
  const books: LedgerBooks = {
    laneId: laneIds[laneIndex] as Hex,
    epoch,
    reads: openReads(reads, bookId),
    records: recordReads(reads, bookId, key),
    verify: () => withSession(url, (session) => verifyPg(session, bookId, key)),
    backup: (file) => withSession(url, (session) => copyToFile(session, { bookId, hostId, file })),
    archiving: archivingOf(options),
  };
  const port = options.hub?.over(worker as WriterPort, options.grantMs) ?? (worker as WriterPort);
  return {
    ...opened(ledgerOf(books, new Channel(port, clock, { onTrouble: options.onTrouble, grantMs: options.grantMs })), recovery),
    laneIndex,
  };
};

function archivingOf({ url, bookId, chainKey, archiveFolder }: PostgresLedgerOptions): Archiving | null {
  if (archiveFolder === undefined) return null;
  const removeRows: Archiving['removeRows'] = ({ month }) => withSession(url, (session) => removePgMonth(session, bookId, month));
  return { at: { url }, bookId, chainKey, folder: archiveFolder, removeRows };
}

/** Long reads have a session of their own. */
async function withSession<T>(url: string, use: (session: Awaited<ReturnType<typeof connectPostgres>>) => Promise<T>): Promise<T> {
  const options = { ...CONNECT, applicationName: 'tallystick reader', statementTimeoutMs: 3_600_000 };
  const session = await connectPostgres(url, options).catch(unreadable);
  try {
    return await use(session).catch(unreadable);
  } finally {
    await session.close();
  }
}

function checkOptions({ bookId, hostId, laneIds, ticketKey, chainKey }: PostgresLedgerOptions): void {
  check.checkId(bookId, 'bookId');
  check.checkId(hostId, 'hostId');
  for (const laneId of laneIds) check.checkLaneId(laneId);
  if (laneIds.length === 0) throw check.invalid('laneIds', 'names no lane');
  for (const [name, key] of Object.entries({ ticketKey, chainKey })) if (key.length !== 32) throw check.invalid(name, 'is not 32 bytes');
}
