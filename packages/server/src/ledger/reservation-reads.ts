import type { SqlRow } from '#ground/database';
import { rowLimit } from './limits.ts';
import type { Statements } from './reads.ts';
import type { Reservation } from './reservation.ts';
import { reservationOf } from './reservation-rows.ts';

/** Reads of reservations, beside the writer. */
export function reservationReads(sql: Statements, bookId: string) {
  return {
    /** @param after the last id of the page before, or ''. */
    async reservations(after: string, limit: number): Promise<readonly Reservation[]> {
      const rows = await sql.openReservations.all(bookId, bookId, after, rowLimit(limit));
      return [...Map.groupBy(rows, ({ reservation_id }) => reservation_id).values()].map((lines) =>
        reservationOf(lines[0] as SqlRow, lines),
      );
    },
    async reservation(reservationId: string): Promise<Reservation | null> {
      const lines = await sql.reservation.all(bookId, reservationId);
      return lines[0] === undefined ? null : reservationOf(lines[0], lines);
    },
  };
}
