import { type Hex, TallyError } from '@tallystick/core';
import { type Clock, systemClock } from '#ground/clock';
import { Channel, type WriterPort } from './channel.ts';
import { ledgerOf } from './ledger-of.ts';
import { readsAt } from './reads-at.ts';
import type { BooksAt, Ledger } from './types.ts';

export type SharedLedgerOptions = {
  /** The books, which this process only reads. */
  readonly at: BooksAt;
  readonly bookId: string;
  readonly laneId: Hex;
  /** Of the process that has the writer. */
  readonly epoch: string;
  readonly clock?: Clock;
};

/**
 * The books of another process, which has their writer: the same ledger, but for what only that process does. It needs no key of the books:
 * permits and chains are the writer's.
 */
export function openSharedLedger(port: WriterPort, options: SharedLedgerOptions): Ledger {
  const { at, bookId, laneId, epoch, clock = systemClock } = options;
  const notHere = () => Promise.reject(new TallyError('STATE_INVALID', 'Only the process that has the writer does this.'));
  const records = { record: notHere, records: notHere, recordStates: notHere };
  const channel = new Channel(port, clock, { collects: false });
  const ledger = ledgerOf(
    { laneId, epoch, reads: readsAt(at, bookId), records, verify: notHere, backup: notHere, archiving: null },
    channel,
  );
  // Refused before anything is looked at.
  return { ...ledger, verify: notHere, backup: notHere };
}
