import type { ReserveRequest } from '../packages/server/src/ledger/reservation.ts';
import type { HoldLine } from '../packages/server/src/ledger/types.ts';

export type ShadowLine = { readonly amount: bigint; spent: bigint; held: bigint };

export type ShadowReservation = { readonly keyId: string; readonly lines: ReadonlyMap<string, ShadowLine>; isOpen: boolean };

export function left({ amount, spent, held }: ShadowLine): bigint {
  return amount - spent - held;
}

/** The reservations once more, by the rules as they are promised. */
export class ShadowReservations {
  readonly all = new Map<string, ShadowReservation>();

  open({ reservationId, keyId, lines }: ReserveRequest): void {
    const fresh = lines.map(({ accountId, amount }): [string, ShadowLine] => [accountId, { amount, spent: 0n, held: 0n }]);
    this.all.set(reservationId, { keyId, lines: new Map(fresh), isOpen: true });
  }

  /** @returns what its end frees. */
  end(reservationId: string): readonly HoldLine[] {
    const reservation = this.all.get(reservationId);
    if (reservation === undefined) return [];
    reservation.isOpen = false;
    return [...reservation.lines].map(([accountId, line]) => ({ accountId, amount: left(line) }));
  }

  /** The line that a hold within it takes from, or gives back to. */
  line(reservationId: string | undefined, accountId: string): ShadowLine | undefined {
    const reservation = reservationId === undefined ? undefined : this.all.get(reservationId);
    return reservation?.isOpen === true ? reservation.lines.get(accountId) : undefined;
  }

  /** @returns puts back what was. */
  remember(): () => void {
    const before = [...this.all].map(([id, { lines, ...rest }]): [string, ShadowReservation] => {
      return [id, { ...rest, lines: new Map([...lines].map(([accountId, line]) => [accountId, { ...line }])) }];
    });
    return () => {
      this.all.clear();
      for (const [id, reservation] of before) this.all.set(id, reservation);
    };
  }
}
