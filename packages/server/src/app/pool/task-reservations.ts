import type { Ledger } from '#ledger';
import type { NotReserved, Reservations, Share } from '#pool';
import { POOL_TENANT } from './task-budgets.ts';

/** One reservation over a task's keys and its budget: all or none. */
export class TaskReservations implements Reservations {
  readonly #ledger: Pick<Ledger, 'reserve' | 'endReservation'>;

  constructor(ledger: Pick<Ledger, 'reserve' | 'endReservation'>) {
    this.#ledger = ledger;
  }

  async reserve(taskId: string, reservationId: string, shares: readonly Share[]): Promise<NotReserved | null> {
    const lines = shares.map(({ keyId, amount }) => ({ accountId: keyId, amount }));
    const whole = shares.reduce((sum, { amount }) => sum + amount, 0n);
    const request = { reservationId, tenantId: POOL_TENANT, keyId: taskId, lines: [...lines, { accountId: taskId, amount: whole }] };
    const outcome = await this.#ledger.reserve(request);
    if (outcome.result !== 'refused') return outcome.reservation.state === 'open' ? null : { code: 'it has ended', unusable: null };
    const { refusal } = outcome;
    return { code: refusal.code, unusable: refusal.code.startsWith('ACCOUNT_') && 'accountId' in refusal ? refusal.accountId : null };
  }

  async end(reservationId: string): Promise<void> {
    await this.#ledger.endReservation(reservationId);
  }
}
