import type { HoldLine, HoldRefusal } from './types.ts';

/** Amounts to keep for the holds of one piece of work, on all accounts or on none. It opens no secret and is sent nowhere. */
export type ReserveRequest = {
  /** Unique in the book: asked again with the same lines it is answered as the first time. */
  readonly reservationId: string;
  readonly tenantId: string;
  /** Only holds of this virtual key may be within it. */
  readonly keyId: string;
  /** 1 … 16 accounts of one book. */
  readonly lines: readonly HoldLine[];
};

/** One account of a reservation. What is left for further holds is `amount - spent - held`. */
export type ReservationLine = HoldLine & {
  /** By holds within it that have ended. */
  readonly spent: bigint;
  /** By holds within it that are open. Once the reservation has ended, `spent` and `held` stay as they were then. */
  readonly held: bigint;
};

export type Reservation = {
  readonly reservationId: string;
  readonly tenantId: string;
  readonly keyId: string;
  readonly state: 'open' | 'ended';
  readonly createdAt: number;
  readonly endedAt: number | null;
  /** In the order of the accounts' ids. */
  readonly lines: readonly ReservationLine[];
};

export type ReserveResult =
  | { readonly result: 'reserved'; readonly reservation: Reservation }
  /** The same was reserved before. It may have ended since. */
  | { readonly result: 'existing'; readonly reservation: Reservation }
  | { readonly result: 'refused'; readonly refusal: HoldRefusal };

/** `already`: it had ended before. */
export type EndReservationResult = { readonly result: 'ended' | 'already' | 'unknown' };

export type LedgerReservations = {
  /**
   * Keeps amounts of several accounts, all or none, judged as a hold of as much would be. It survives restarts, and is never burned: it stands
   * until it is ended. @throws INPUT_INVALID where the id is taken by another reservation, LEDGER_UNAVAILABLE, TAMPERED
   */
  reserve(request: ReserveRequest): Promise<ReserveResult>;
  /** Frees what is left. Holds within it that are open go on; what they do not spend is free at their end. @throws TAMPERED */
  endReservation(reservationId: string): Promise<EndReservationResult>;
  /** Those that are open, in the order of their ids. @param after the last id of the page before. */
  reservations(options: { readonly after?: string; readonly limit: number }): Promise<readonly Reservation[]>;
  reservation(reservationId: string): Promise<Reservation | null>;
};
