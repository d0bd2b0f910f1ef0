import type { Ledger } from '#ledger';
import type { Reservations, Share } from '#pool';
import { POOL_TENANT } from './task-budgets.ts';

/** One reservation over a task's keys and its budget: all or none. */
export class TaskReservations implements Reservations {
  readonly #ledger: Pick<Ledger, 'reserve' | 'endReservation'>;

  constructor(ledger: Pick<Ledger, 'reserve' | 'endReservation'>) {
    this.#ledger = ledger;
  }

  async reserve(taskId: string, reservationId: string, shares: readonly Share[]): Promise<string | null> {
    const lines = shares.map(({ keyId, amount }) => ({ accountId: keyId, amount }));
    const whole = shares.reduce((sum, { amount }) => sum + amount, 0n);
    const request = { reservationId, tenantId: POOL_TENANT, keyId: taskId, lines: [...lines, { accountId: taskId, amount: whole }] };
    const outcome = await this.#ledger.reserve(request);
    if (outcome.result === 'refused') return outcome.refusal.code;
    return outcome.reservation.state === 'open' ? null : 'it has ended';
  }

  async end(reservationId: string): Promise<void> {
    await this.#ledger.endReservation(reservationId);
  }
}
