import type { SqlRow } from '#ground/database';
import { accountOf } from '../audit.ts';
import { type Books, HoldChanged, publish, writeAccount } from '../books.ts';
import { reservationMac } from '../chain.ts';
import { LedgerFault } from '../fault.ts';
import { LIMITS } from '../limits.ts';
import type { EndReservationResult, Reservation, ReserveRequest, ReserveResult } from '../reservation.ts';
import { reservationOf } from '../reservation-rows.ts';
import type { HoldLine, HoldRefusal } from '../types.ts';
import { guardBand, type Need, refusalOf } from './admission.ts';
import { addHeld } from './hold.ts';
import { foundLine, leftOf, writeLine } from './within.ts';

/**
 * Keeps amounts on all accounts or on none, judged as a hold of as much would be. `request.lines` are in id order.
 * @throws LedgerFault (nothing is written then) INPUT_INVALID, LEDGER_UNAVAILABLE · RowChanged
 */
export function reserve(books: Books, request: ReserveRequest): ReserveResult {
  const before = find(books, request.reservationId);
  if (before !== null) {
    if (!isSame(before, request)) throw new LedgerFault('INPUT_INVALID', 'The id is of another reservation.', { id: before.reservationId });
    return { result: 'existing', reservation: before };
  }
  const needs = needsOf(books, request.lines);
  const refusal = books.stop !== null ? ({ code: 'POOL_STOPPED', reason: books.stop } as const) : needs.refusal;
  if (refusal !== null) return { result: 'refused', refusal };
  const { n } = books.sql.reservations_count.get(books.bookId) as SqlRow;
  if ((n as bigint) >= LIMITS.openReservationsMax) throw new LedgerFault('LEDGER_UNAVAILABLE', 'Too many reservations are open.');
  return { result: 'reserved', reservation: add(books, request, needs.found) };
}

function find({ sql, bookId }: Books, id: string): Reservation | null {
  const row = sql.reservation_read.get(bookId, id) as SqlRow | undefined;
  return row === undefined ? null : reservationOf(row, sql.reservation_lines_read.all(bookId, id));
}

function isSame(before: Reservation, { tenantId, keyId, lines }: ReserveRequest): boolean {
  const isLine = ({ accountId, amount }: HoldLine, i: number) =>
    before.lines[i]?.accountId === accountId && before.lines[i]?.amount === amount;
  return before.tenantId === tenantId && before.keyId === keyId && before.lines.length === lines.length && lines.every(isLine);
}

function needsOf(books: Books, lines: readonly HoldLine[]): { found: readonly Need[]; refusal: HoldRefusal | null } {
  const found: Need[] = [];
  for (const { accountId, amount } of lines) {
    const row = accountOf(books, accountId);
    if (row === undefined) return { found, refusal: { code: 'ACCOUNT_UNKNOWN', accountId } };
    if (row.kind === 'operator') throw new LedgerFault('INPUT_INVALID', 'Nothing is reserved on an operator account.', { accountId });
    // What evidence may be short of now is not to be reserved either.
    found.push({ row, need: amount, guard: amount > 0n && books.guarded.has(accountId) ? guardBand(row.limit) : 0n });
  }
  return { found, refusal: refusalOf(found, books) };
}

function add(books: Books, { reservationId, tenantId, keyId, lines }: ReserveRequest, needs: readonly Need[]): Reservation {
  const { sql, bookId, chainKey, now } = books;
  const reservation: Reservation = {
    ...{ reservationId, tenantId, keyId, state: 'open', createdAt: now, endedAt: null },
    lines: lines.map(({ accountId, amount }) => ({ accountId, amount, spent: 0n, held: 0n })),
  };
  sql.reservation_add.run(bookId, reservationId, tenantId, keyId, now);
  for (const line of reservation.lines) {
    sql.reservation_line_add.run(bookId, reservationId, line.accountId, line.amount, reservationMac(chainKey, bookId, reservation, line));
  }
  for (const need of needs) addHeld(books, need);
  books.dirty = true;
  publish(books, 'reservation.opened', reservationId, { tenantId, keyId, lines: amounts(lines) });
  return reservation;
}

/**
 * Frees what is left, whatever the state of its accounts: nothing is sent on it.
 * @throws RowChanged · HoldChanged
 */
export function endReservation(books: Books, { reservationId }: { reservationId: string }): EndReservationResult {
  const { sql, bookId, now } = books;
  const row = sql.reservation_read.get(bookId, reservationId) as SqlRow | undefined;
  if (row === undefined) return { result: 'unknown' };
  if (row.state !== 'open') return { result: 'already' };
  const lines = sql.reservation_lines_read.all(bookId, reservationId).map((line) => lineToEnd(books, reservationId, line));
  for (const { found, account, left } of lines) {
    writeLine(books, { reservationId, state: 'ended' }, found, found.line);
    if (account !== undefined) writeAccount(books, account, { ...account, held: account.held - left });
  }
  sql.reservation_end.run(now, bookId, reservationId);
  books.dirty = true;
  const freed = amounts(lines.map(({ found: { line }, left }) => ({ accountId: line.accountId, amount: left })));
  publish(books, 'reservation.ended', reservationId, { tenantId: row.tenant_id as string, keyId: row.key_id as string, freed });
  return { result: 'ended' };
}

/** @param row of the line. Where its account is gone altogether, there is nothing to free. */
function lineToEnd(books: Books, reservationId: string, row: SqlRow) {
  const found = foundLine(books, { reservationId, state: 'open' }, row);
  const account = accountOf(books, found.line.accountId);
  const left = leftOf(found.line);
  if (!found.isSound || (account !== undefined && left > account.held)) throw new HoldChanged(reservationId, found.line.accountId);
  return { found, account, left };
}

/** As JSON in an event. */
function amounts(lines: readonly HoldLine[]): string {
  return JSON.stringify(Object.fromEntries(lines.map(({ accountId, amount }) => [accountId, amount.toString()])));
}
