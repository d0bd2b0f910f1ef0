import { createSecretKey } from 'node:crypto';
import type { AccountRow } from '../account-row.ts';
import type { Books } from '../books.ts';
import { Journal } from '../journal.ts';
import { NotFetched } from './not-fetched.ts';
import { unitStatements } from './statements.ts';
import { newUnit, type Unit } from './unit.ts';

/** The books of one writer of several. What it remembers of accounts is only compared with: every batch reads them anew, and locks them. */
export type PgBooks = Books & {
  /** The transaction that runs. */
  unit: Unit;
  readonly hostId: string;
  /** Accounts as this writer saw them last. */
  readonly known: Map<string, AccountRow>;
  /** The end, exclusive, of the block of hold numbers. */
  holdNumbersEnd: bigint;
  readonly holdNumbersLeft: bigint;
  /** Batches that this epoch's lane has committed, in all. */
  batches: bigint;
};

export type PgBooksOptions = {
  readonly bookId: string;
  readonly hostId: string;
  readonly laneId: string;
  readonly laneNo: bigint;
  readonly epoch: string;
  readonly ticketKey: Uint8Array;
  readonly chainKey: Uint8Array;
  readonly nextLaneSeq: bigint;
  readonly batches: bigint;
  /** Unix ms. */
  readonly now: number;
};

export function newPgBooks(o: PgBooksOptions): PgBooks {
  const journal = new Journal();
  const books: PgBooks = {
    sql: unitStatements(() => books.unit, journal),
    journal,
    bookId: o.bookId,
    hostId: o.hostId,
    epoch: o.epoch,
    laneNo: o.laneNo,
    laneId: o.laneId,
    ticketKey: Buffer.from(o.ticketKey),
    chainKey: createSecretKey(o.chainKey),
    accounts: new Map(),
    known: new Map(),
    open: new Map(),
    guarded: new Map(),
    openHeld: (id) => {
      const proof = books.unit.proofs.get(id);
      if (proof === undefined) throw new NotFetched({ kind: 'proofs', ids: [id] });
      return proof.held;
    },
    unit: newUnit(false, []),
    nextLaneSeq: o.nextLaneSeq,
    // The outbox is numbered by the database.
    nextOutboxSeq: 0n,
    nextHoldNo: 0n,
    holdNumbersEnd: 0n,
    get holdNumbersLeft() {
      return books.holdNumbersEnd - books.nextHoldNo;
    },
    batches: o.batches,
    replays: { rows: 0, bytes: 0 },
    stop: null,
    now: o.now,
    grantNow: 0,
    dirty: false,
  };
  return books;
}
