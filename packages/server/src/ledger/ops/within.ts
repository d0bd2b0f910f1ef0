import type { SqlRow } from '#ground/database';
import type { AccountRow } from '../account-row.ts';
import { type Books, HoldChanged } from '../books.ts';
import { reservationMac } from '../chain.ts';
import { LedgerFault } from '../fault.ts';
import type { Reservation, ReservationLine } from '../reservation.ts';
import { reservationLineOf } from '../reservation-rows.ts';
import type { HoldRequest } from '../types.ts';
import type { Need, OwnLine } from './admission.ts';

/** A reservation by its head, as far as its lines need it. */
export type Head = Pick<Reservation, 'reservationId' | 'state'>;

/** A line as it stands in the books, with the MAC that it was found under. `isSound`: a writer wrote it. */
export type FoundLine = { readonly line: ReservationLine; readonly mac: string; readonly isSound: boolean };

export function leftOf({ amount, spent, held }: ReservationLine): bigint {
  return amount - spent - held;
}

export function foundLine(books: Books, head: Head, row: SqlRow): FoundLine {
  const [line, mac] = [reservationLineOf(row), row.mac as string];
  const isSound = reservationMac(books.chainKey, books.bookId, head, line) === mac && leftOf(line) >= 0n;
  return { line, mac, isSound };
}

/** Writes a line, under the state that its reservation has from now on. @throws HoldChanged where it is not what was read. */
export function writeLine(books: Books, head: Head, { mac }: FoundLine, after: ReservationLine): void {
  const { bookId, chainKey, sql } = books;
  const newMac = reservationMac(chainKey, bookId, head, after);
  const { reservationId } = head;
  const { changes } = sql.reservation_line_write.run(after.spent, after.held, newMac, bookId, reservationId, after.accountId, mac);
  if (Number(changes) !== 1) throw new HoldChanged(reservationId, after.accountId);
  books.dirty = true;
}

/**
 * What the reservation that a hold is within has on an account; nothing where it does not name it.
 * @throws LedgerFault NOT_FOUND where the key has no such reservation · HoldChanged
 */
export function ownLine(books: Books, { within, keyId }: HoldRequest, account: AccountRow, need: bigint): { readonly own?: OwnLine } {
  if (within === undefined) return {};
  const row = books.sql.reservation_read.get(books.bookId, within) as SqlRow | undefined;
  if (row === undefined || row.key_id !== keyId) throw new LedgerFault('NOT_FOUND', 'The key has no such reservation.', { within });
  const head = headOf(row);
  const found = lineOf(books, head, account.id);
  if (found === null) return {};
  const { amount, held } = found.line;
  // What costs nothing needs nothing of it.
  if (need === 0n) return {};
  if (head.state === 'ended') return { own: { amount, held: 0n, left: 0n } };
  const left = leftOf(found.line);
  // What is left of it is part of what the account has held, so more than that was put there behind the writers.
  if (!found.isSound || left > account.held) throw new HoldChanged(within, account.id);
  return { own: { amount, held, left } };
}

/** A hold's amount goes from what is left of its reservation to what holds within have. */
export function takeFrom(books: Books, { within }: HoldRequest, { row, need }: Need): void {
  const head: Head = { reservationId: within as string, state: 'open' };
  const found = lineOf(books, head, row.id);
  if (found === null) throw new HoldChanged(head.reservationId, row.id);
  writeLine(books, head, found, { ...found.line, held: found.line.held + need });
}

export function addWithin(books: Books, holdNo: bigint, { within }: HoldRequest): void {
  if (within !== undefined) books.sql.reservation_hold_add.run(holdNo, books.bookId, within);
}

/** What one account of a hold that ends was charged. */
type Ended = {
  readonly row: AccountRow;
  readonly held: bigint;
  readonly charges: readonly { readonly kind: string; readonly amount: bigint }[];
};

/**
 * At the end of a hold: what it did not spend goes back to its reservation, where that is still open.
 * @returns how much, which its account goes on holding. 0 too where the line was edited: then it keeps what it says of itself, and is frozen
 * with its account where it is used next; the hold must end all the same.
 */
export function giveBack(books: Books, { within }: HoldRequest, { row, held, charges }: Ended): bigint {
  if (within === undefined || held === 0n) return 0n;
  const reservation = books.sql.reservation_read.get(books.bookId, within) as SqlRow | undefined;
  if (reservation === undefined || reservation.state !== 'open') return 0n;
  const head = headOf(reservation);
  const found = lineOf(books, head, row.id);
  if (found === null || !found.isSound || found.line.held < held) return 0n;
  const spent = charges.reduce((total, { kind, amount }) => (kind === 'overrun' ? total : total + amount), 0n);
  const { line } = found;
  writeLine(books, head, found, { ...line, spent: line.spent + spent, held: line.held - held });
  return held - spent;
}

function headOf(row: SqlRow): Head {
  return { reservationId: row.reservation_id as string, state: row.state as Head['state'] };
}

function lineOf(books: Books, head: Head, accountId: string): FoundLine | null {
  const row = books.sql.reservation_line_read.get(books.bookId, head.reservationId, accountId) as SqlRow | undefined;
  return row === undefined ? null : foundLine(books, head, row);
}
