import type { KeyObject } from 'node:crypto';
import type { Database } from '#ground/database';
import type { AccountRow } from './account-row.ts';
import { type Posting, postingMac } from './chain.ts';
import type { Journal } from './journal.ts';
import { LIMITS } from './limits.ts';
import { monthOf } from './months.ts';
import type { Statements } from './statements.ts';
import type { HoldRequest } from './types.ts';

/** A hold that is open: what settling it needs. */
export type OpenHold = { readonly holdNo: bigint; readonly request: HoldRequest; readonly createdAt: number; readonly epoch: string };

/** The writer's view of the books, over any engine. Everything that a rollback must take back is recorded in `journal`. */
export type Books = {
  readonly sql: Statements;
  readonly journal: Journal;
  readonly bookId: string;
  readonly epoch: string;
  readonly laneNo: bigint;
  readonly laneId: string;
  readonly ticketKey: Buffer;
  readonly chainKey: KeyObject;
  /** The rows this writer wrote last, by account id. */
  readonly accounts: Map<string, AccountRow>;
  readonly open: Map<string, OpenHold>;
  /** Open holds whose amounts rest on evidence, by account: while there are any, the last tenth of its limit stays free. */
  readonly guarded: Map<string, number>;
  /** What the open holds of an account come to that this writer does not remember. */
  readonly openHeld: (accountId: string) => bigint;
  nextLaneSeq: bigint;
  nextOutboxSeq: bigint;
  nextHoldNo: bigint;
  /** Sealed answers that are kept: how many, and their bytes in all. */
  readonly replays: { rows: number; bytes: number };
  /** Why all calls are stopped; null = they are not. */
  stop: string | null;
  /** Wall time that never goes back, Unix ms. */
  now: number;
  /** Wall time less what the clock jumped forward by, Unix ms: what opens by time opens by this. 0 before the first message. */
  grantNow: number;
  /** Whether the current transaction has written anything. */
  dirty: boolean;
};

/** The books on their one connection to a file. */
export type SqliteBooks = Books & { readonly db: Database };

/** A row is not what this writer wrote last. Never leaves the writer: the account is mended and frozen, the operation runs again. */
export class RowChanged extends Error {
  readonly accountId: string;

  constructor(accountId: string) {
    super('an account row changed behind the writer');
    this.accountId = accountId;
  }
}

/**
 * The row of a hold, or of a reservation, is not what a writer wrote. Never leaves the writer: the account is frozen, the operation is refused.
 */
export class HoldChanged extends Error {
  readonly holdId: string;
  readonly sourceId: string;

  constructor(holdId: string, sourceId: string) {
    super('a hold changed behind the writer');
    this.holdId = holdId;
    this.sourceId = sourceId;
  }
}

/** Another writer owns the lane: nothing of this batch or of any later one may commit. */
export class LaneLost extends Error {}

export type CounterName = 'nextLaneSeq' | 'nextOutboxSeq' | 'nextHoldNo';

/** Takes the next number of a counter; a rollback gives it back, so numbers stay contiguous. */
export function takeNumber(books: Books, counter: CounterName): bigint {
  const number = books[counter];
  books[counter] = number + 1n;
  books.journal.record(() => {
    books[counter] = number;
  });
  return number;
}

export function remember(books: Books, row: AccountRow): void {
  const before = books.accounts.get(row.id);
  books.accounts.set(row.id, row);
  books.journal.record(() => {
    if (before === undefined) books.accounts.delete(row.id);
    else books.accounts.set(row.id, before);
  });
}

/** Forgets accounts without open holds where too many are remembered; they are checked against their postings when they come back. */
export function forgetSome(books: Books): void {
  let surplus = books.accounts.size - LIMITS.accountsRemembered;
  if (surplus <= 0) return;
  for (const [id, row] of books.accounts) {
    if (row.held === 0n) {
      books.accounts.delete(id);
      surplus -= 1;
    }
    if (surplus <= 0) return;
  }
}

export function rememberOpen(books: Books, hold: OpenHold): void {
  const { holdId } = hold.request;
  books.open.set(holdId, hold);
  books.journal.record(() => books.open.delete(holdId));
  countGuarded(books, hold.request, 1);
}

export function forgetOpen(books: Books, hold: OpenHold): void {
  const { holdId } = hold.request;
  // A hold of another writer's epoch is not among ours.
  if (books.open.delete(holdId)) books.journal.record(() => books.open.set(holdId, hold));
  countGuarded(books, hold.request, -1);
}

function countGuarded({ guarded, journal }: Books, request: HoldRequest, by: 1 | -1): void {
  if (request.guarded !== true) return;
  const add = (accountId: string, more: number) => {
    const count = (guarded.get(accountId) ?? 0) + more;
    if (count === 0) guarded.delete(accountId);
    else guarded.set(accountId, count);
  };
  for (const { accountId } of request.lines) {
    add(accountId, by);
    journal.record(() => add(accountId, -by));
  }
}

/**
 * Adds one posting to an account's chain.
 * @param after the account with the balances that result; number and head are still those before.
 * @returns the same with the new number and head; `writeAccount` makes it the row.
 */
export function addPosting(books: Books, after: AccountRow, posting: Posting): AccountRow {
  const numbered = { ...after, seq: after.seq + 1n };
  const head = postingMac(books.chainKey, books.bookId, numbered, posting);
  const { sql, bookId } = books;
  sql.posting_add.run(
    bookId,
    after.id,
    numbered.seq,
    monthOf(posting.at),
    posting.kind,
    posting.contraId,
    posting.amount,
    posting.businessId,
    posting.ref,
    posting.digest,
    posting.at,
    after.ceiling,
    after.limit,
    after.spent,
    after.overrun,
    after.state,
    after.stateReason,
    after.expiresAt,
    after.receipts,
    after.receipted,
    head,
    after.opensAt,
  );
  books.dirty = true;
  return { ...numbered, head };
}

/** Writes an account's new balances. @throws RowChanged where the row is not `before`. */
export function writeAccount(books: Books, before: AccountRow, after: AccountRow): AccountRow {
  const { changes } = books.sql.account_write.run(
    after.held,
    after.spent,
    after.overrun,
    after.limit,
    after.state,
    after.stateReason,
    after.seq,
    after.head,
    after.receipts,
    after.receipted,
    books.bookId,
    before.id,
    before.version,
    before.held,
    before.spent,
    before.overrun,
    before.limit,
    before.ceiling,
    before.expiresAt,
    before.seq,
    before.head,
    before.receipts,
    before.receipted,
    before.state,
  );
  if (Number(changes) !== 1) throw new RowChanged(before.id);
  books.dirty = true;
  const written = { ...after, version: before.version + 1n };
  remember(books, written);
  return written;
}

/** Writes the time from which an account is open. @throws RowChanged where the row is not `before`. */
export function writeOpening(books: Books, before: AccountRow, after: AccountRow): void {
  const { changes } = books.sql.account_opens.run(
    after.opensAt,
    after.seq,
    after.head,
    books.bookId,
    before.id,
    before.version,
    before.held,
    before.spent,
    before.overrun,
    before.limit,
    before.ceiling,
    before.state,
    before.expiresAt,
    before.opensAt,
    before.seq,
    before.head,
    before.receipts,
    before.receipted,
  );
  if (Number(changes) !== 1) throw new RowChanged(before.id);
  books.dirty = true;
  remember(books, { ...after, version: before.version + 1n });
}

/** Queues an event in the outbox, in the same transaction. `body` must be JSON-safe. */
export function publish(
  books: Books,
  topic: string,
  subject: string,
  body: Readonly<Record<string, string | number | boolean | null>>,
): void {
  const seq = takeNumber(books, 'nextOutboxSeq');
  books.sql.outbox_add.run(seq, books.bookId, monthOf(books.now), topic, subject, books.now, JSON.stringify(body));
  books.dirty = true;
}

export function addEvidence(
  books: Books,
  kind: 'late_settle' | 'tampered',
  subject: string,
  body: Readonly<Record<string, unknown>>,
): void {
  const text = JSON.stringify(body, (_key, value) => (typeof value === 'bigint' ? value.toString() : value));
  books.sql.evidence_add.run(books.bookId, kind, subject, books.now, text);
  books.dirty = true;
}
