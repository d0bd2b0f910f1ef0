import type { SqlRow } from '#ground/database';
import { reservationMac } from './chain.ts';
import { holdLineOf } from './hold-rows.ts';
import type { Head } from './ops/within.ts';
import { RESERVED, reservationLineOf } from './reservation-rows.ts';
import type { Verifying } from './verify.ts';

/** What is left of open reservations, by account: held, as open holds are. */
export async function reserved({ bookId, rows }: Verifying): Promise<Map<string, bigint>> {
  const held = new Map<string, bigint>();
  for await (const row of rows(RESERVED, bookId)) {
    const { accountId, amount } = holdLineOf(row);
    held.set(accountId, (held.get(accountId) ?? 0n) + amount);
  }
  return held;
}

/** Every line is as a writer wrote it, and the open holds within each open reservation come to what its lines say. */
export async function verifyReservations({ bookId, rows, key, say }: Verifying): Promise<void> {
  const within = await openWithin(bookId, rows);
  const lines = `SELECT l.*, r.state FROM reservation_lines l
    LEFT JOIN reservations r ON r.book_id = l.book_id AND r.reservation_id = l.reservation_id WHERE l.book_id = ?`;
  for await (const row of rows(lines, bookId)) {
    const reservationId = row.reservation_id as string;
    const line = reservationLineOf(row);
    const name = `the line of reservation ${reservationId} on account ${line.accountId}`;
    const head = { reservationId, state: row.state as Head['state'] };
    if (row.state === null || reservationMac(key, bookId, head, line) !== row.mac) say(`${name} was changed`);
    const open = within.get(nameOf(reservationId, line.accountId)) ?? 0n;
    if (row.state === 'open' && open !== line.held) say(`${name} has ${line.held} in open holds, they are ${open}`);
  }
}

async function openWithin(bookId: string, rows: Verifying['rows']): Promise<ReadonlyMap<string, bigint>> {
  const sums = new Map<string, bigint>();
  const open = `SELECT w.reservation_id, l.account_id, l.amount FROM reservation_holds w
    JOIN holds h ON h.hold_no = w.hold_no JOIN hold_lines l ON l.hold_no = w.hold_no WHERE h.book_id = ? AND h.state = 'open'`;
  for await (const row of rows(open, bookId)) {
    const name = nameOf(row.reservation_id, row.account_id);
    sums.set(name, (sums.get(name) ?? 0n) + (row.amount as bigint));
  }
  return sums;
}

function nameOf(reservationId: SqlRow[string] | undefined, accountId: SqlRow[string] | undefined): string {
  return `${reservationId}\n${accountId}`;
}
