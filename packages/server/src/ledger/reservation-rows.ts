import type { SqlRow } from '#ground/database';
import type { Reservation, ReservationLine } from './reservation.ts';

/** What is left of every line of a book's open reservations: part of what its account has held. */
export const RESERVED = `SELECT l.account_id, l.amount - l.spent - l.held AS amount FROM reservations r
  JOIN reservation_lines l ON l.book_id = r.book_id AND l.reservation_id = r.reservation_id WHERE r.state = 'open' AND r.book_id = ?`;

export function reservationOf(row: SqlRow, lines: readonly SqlRow[]): Reservation {
  return {
    reservationId: row.reservation_id as string,
    tenantId: row.tenant_id as string,
    keyId: row.key_id as string,
    state: row.state as Reservation['state'],
    createdAt: Number(row.created_at),
    endedAt: row.ended_at === null ? null : Number(row.ended_at),
    lines: lines.map(reservationLineOf),
  };
}

export function reservationLineOf(row: SqlRow): ReservationLine {
  return {
    accountId: row.account_id as string,
    amount: row.amount as bigint,
    spent: row.spent as bigint,
    held: row.held as bigint,
  };
}
