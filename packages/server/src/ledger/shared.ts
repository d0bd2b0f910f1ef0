import { type Hex, TallyError } from '@tallystick/core';
import { type Clock, systemClock } from '#ground/clock';
import { openReader } from '#ground/database';
import { Channel, type WriterPort } from './channel.ts';
import { ledgerOf } from './open.ts';
import { openReads } from './reads.ts';
import type { Ledger } from './types.ts';

export type SharedLedgerOptions = {
  /** The database, which this process only reads. */
  readonly file: string;
  readonly bookId: string;
  readonly laneId: Hex;
  /** Of the process that has the writer. */
  readonly epoch: string;
  readonly clock?: Clock;
};

/** A process that shares a writer needs no key of the books: permits and chains are the writer's. */
const NO_KEY = Buffer.alloc(0);

/** The books of another process, which has their writer: the same ledger, but for what only that process does. */
export function openSharedLedger(port: WriterPort, { clock = systemClock, ...books }: SharedLedgerOptions): Ledger {
  const { file, bookId, epoch } = books;
  const reads = openReads(openReader(file), bookId);
  const ledger = ledgerOf({ ...books, ticketKey: NO_KEY, chainKey: NO_KEY }, new Channel(port, clock, false), reads, epoch);
  const notHere = () => Promise.reject(new TallyError('STATE_INVALID', 'Only the process that has the writer does this.'));
  return { ...ledger, verify: notHere, backup: notHere };
}
