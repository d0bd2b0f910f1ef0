import type { Account } from '#ledger';
import type { DonationDeps, Probed } from './deps.ts';
import { limitOf, type StoredDonation } from './donation.ts';
import { type Ends, overdue } from './ends.ts';
import { type Probe, probeOf } from './probe.ts';
import type { SourceRows } from './source-rows.ts';
import type { Stores } from './stores.ts';
import type { Turns } from './turns.ts';
import { isUsable } from './usable.ts';

const AT_ONCE_MAX = 8;
/** Before the second attempt, the third, and so on; the last again and again. */
const WAITS_MS = [5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000];

export type ValidatorParts = { readonly stores: Stores; readonly rows: SourceRows; readonly ends: Ends; readonly turns: Turns };

/**
 * Finds out whether a key works by one call with it, the cheapest there is, held and receipted like any other. A key that the provider refuses
 * is destroyed at once; where nothing is known it is asked again, for a day. Attempts are counted before they are made, so that a crash in each
 * of them comes to an end.
 */
export class Validator {
  readonly #deps: DonationDeps;
  readonly #parts: ValidatorParts;
  readonly #running = new Map<string, Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  #atOnce = 0;

  constructor(deps: DonationDeps, parts: ValidatorParts) {
    this.#deps = deps;
    this.#parts = parts;
  }

  /** One attempt, if one is due. Of several at once for one donation, all wait for the same. */
  validate(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (running !== undefined) return running;
    const attempt = this.#attempt(id).finally(() => this.#running.delete(id));
    this.#running.set(id, attempt);
    return attempt;
  }

  /** Resolves when no attempt is under way. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }

  async #attempt(id: string): Promise<void> {
    await this.#enter();
    try {
      const call = await this.#parts.turns.run(id, () => this.#prepare(id));
      if (call === null) return;
      const probed = await this.#deps.probe(id, call);
      await this.#parts.turns.run(id, () => this.#conclude(id, probed));
    } finally {
      this.#atOnce -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #enter(): Promise<void> {
    while (this.#atOnce >= AT_ONCE_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#atOnce += 1;
  }

  /** Lets its account spend what the call may cost, and no more. @returns null where there is nothing to do, or no more to be tried. */
  async #prepare(id: string): Promise<Probe | null> {
    const { ledger, vault, clock } = this.#deps;
    const { stores, rows, ends } = this.#parts;
    const stored = await stores.donations.existing(id);
    const now = clock.wallMs();
    if (stored.state !== 'pending_validation' || stored.value.validation.nextAt > now || !vault.has(id)) return null;
    const account = await ledger.account(id);
    const kept = await rows.find(id);
    const row = kept === null ? null : (await ledger.sources()).find((source) => source.id === id);
    const probe = kept === null || row == null ? null : probeOf(row.provider, kept.models);
    if (account === null || kept === null || probe === null) return null;
    const over = overdue(stored, now) ?? this.#tooDear(stored, account, probe, kept.models);
    if (over !== null) {
      await ends.begin(id, { as: 'rejected', by: 'pool', reason: over });
      return null;
    }
    await stores.donations.update(id, (value) => {
      const attempts = value.validation.attempts + 1;
      return {
        ...value,
        validation: { ...value.validation, attempts, nextAt: now + (WAITS_MS[attempts - 1] ?? (WAITS_MS.at(-1) as number)) },
      };
    });
    const needed = account.spent + account.overrun + probe.cost;
    if (account.limit < needed) await ledger.setLimit(id, needed, 'to find out whether the key works');
    return probe;
  }

  /** Attempts whose outcome is not known are paid for: they may not use up what was given. */
  #tooDear({ value }: StoredDonation, account: Account, { cost }: Probe, models: Parameters<typeof isUsable>[0]): string | null {
    const used = account.held + account.spent + account.overrun + cost;
    const room = { limit: limitOf(value), used, countConsent: value.countConsent };
    return isUsable(models, room) ? null : 'finding out whether the key works would use it up';
  }

  async #conclude(id: string, probed: Probed): Promise<void> {
    const { stores, ends } = this.#parts;
    const stored = await stores.donations.existing(id);
    if (stored.state !== 'pending_validation') return;
    const { receiptId } = probed;
    if (probed.result === 'works') {
      await this.#activate(id, receiptId);
      return;
    }
    const unclear = probed.result === 'unclear' ? probed.why : null;
    await stores.donations.update(id, (value) => ({ ...value, validation: { ...value.validation, receiptId, unclear } }));
    if (probed.result === 'refused') await ends.begin(id, { as: 'rejected', by: 'pool', reason: 'the provider refused the key' });
  }

  /**
   * The whole cap first, the word that it may be used after it, if nothing was said meanwhile: a limit that its donor has lowered is
   * in force before any task may choose the key.
   */
  async #activate(id: string, receiptId: string | null): Promise<void> {
    const { ledger, vault, checkpoint } = this.#deps;
    const { donations } = this.#parts.stores;
    await vault.audit('donation.validated', id, receiptId === null ? {} : { receipt: receiptId });
    for (;;) {
      const stored = await donations.existing(id);
      if (stored.state !== 'pending_validation') return;
      const { value } = stored;
      await ledger.setLimit(id, limitOf(value), 'its key works');
      if (value.pausedBy.length > 0) await ledger.setState(id, 'paused', `by the ${value.pausedBy.join(' and the ')}`);
      const validation = { ...value.validation, receiptId, unclear: null };
      const write = donations.changing(stored, { ...value, validation }, value.pausedBy.length > 0 ? 'paused' : 'active');
      if ((await ledger.writeRecords([write])).result === 'written') break;
    }
    await checkpoint();
  }
}
