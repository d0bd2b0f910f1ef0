import { TallyError } from '@tallystick/core';
import { z } from 'zod';
import type { LedgerRecords, RecordWrite } from '#ledger';
import { Store } from '../store.ts';
import type { Donor } from './donor.ts';

/** How far ahead a deadline may be: a signature that is found later is worth nothing. */
export const DEADLINE_MS_MAX = 600_000;
/** Kept for longer than a deadline may be ahead, so that a clock that is set back makes no nonce new. */
const KEPT_MS = 86_400_000;

const codec = z.strictObject({ deadline: z.int() });

/** Nonces of signatures, each used once, by whichever process is asked. */
export class Nonces {
  readonly #ledger: LedgerRecords;
  readonly #store: Store<z.output<typeof codec>>;

  constructor(ledger: LedgerRecords) {
    this.#ledger = ledger;
    this.#store = new Store(ledger, NONCE_KIND, codec);
  }

  /** @param now Unix ms. @throws SIGNATURE_INVALID */
  check(deadline: number, now: number): void {
    if (deadline <= now) throw new TallyError('SIGNATURE_INVALID', 'The signature’s deadline is over.', { field: 'auth.deadline' });
    if (deadline > now + DEADLINE_MS_MAX) {
      throw new TallyError('SIGNATURE_INVALID', `The signature’s deadline must be within ${DEADLINE_MS_MAX / 60_000} minutes from now.`, {
        field: 'auth.deadline',
      });
    }
  }

  /** A write that spends the nonce with what is signed, or not at all. */
  spending(donor: Donor, nonce: string, deadline: number): RecordWrite {
    return this.#store.creating(`${donor}:${nonce}`, { deadline }, 'used');
  }

  /** @throws NONCE_USED */
  async spend(donor: Donor, nonce: string, deadline: number): Promise<void> {
    const { result } = await this.#ledger.writeRecords([this.spending(donor, nonce, deadline)]);
    if (result === 'conflict') throw new TallyError('NONCE_USED');
  }

  /** Removes those whose deadline is long over. @param now Unix ms. */
  async sweep(now: number): Promise<void> {
    for await (const stored of this.#store.all()) {
      if (stored.value.deadline + KEPT_MS < now) await this.#ledger.writeRecords([this.#store.removing(stored)]);
    }
  }
}

export const NONCE_KIND = 'pool.nonce';
