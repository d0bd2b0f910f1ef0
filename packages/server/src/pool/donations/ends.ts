import { TallyError } from '@tallystick/core';
import type { Account } from '#ledger';
import { writeTogether } from '../store.ts';
import type { DonationDeps } from './deps.ts';
import { type Donation, type Ending, expiryOf, isLive, limitOf, type StoredDonation } from './donation.ts';
import { shredEntryOf } from './shred-entry.ts';
import type { SourceRows } from './source-rows.ts';
import type { Stores } from './stores.ts';
import { isUsable } from './usable.ts';

/** No call is begun with less time than this: the gateway has the same. */
const CALL_MS_MIN = 1_000n;
/** How long a key is tried that nothing is known of. */
const GIVE_UP_MS = 86_400_000;
const OPEN_HOLDS_READ = 10_000;

export type Ended = Omit<Ending, 'at' | 'destroyAt'> & { readonly keepMs?: number };

/**
 * How a donation ends, and what is done then. Every step is done again where a crash cut it short, and none is harmed by that:
 * the end is written down, the books refuse further calls, the key is destroyed, and that is written down.
 */
export class Ends {
  readonly #deps: DonationDeps;
  readonly #stores: Stores;
  readonly #rows: SourceRows;
  /** Ended, and their keys were never on this host. */
  readonly #elsewhere = new Set<string>();

  constructor(deps: DonationDeps, stores: Stores, rows: SourceRows) {
    this.#deps = deps;
    this.#stores = stores;
    this.#rows = rows;
  }

  /** Writes down how it ends, unless it has ended already, and carries it out. @returns it as it is then. */
  async begin(id: string, ended: Ended): Promise<StoredDonation> {
    const { clock, vault } = this.#deps;
    const { keepMs = 0, ...why } = ended;
    const before = await this.#stores.donations.existing(id);
    // A key that is kept for a while may be destroyed earlier, and nothing else ends twice.
    if (before.state === 'destroyed' || (before.value.end !== null && !isKept(before.value.end, clock.wallMs()))) return this.finish(id);
    await vault.audit('donation.ended', id, why);
    const at = clock.wallMs();
    await this.#stores.donations.update(
      id,
      (value) => ({ ...value, end: { ...why, at, destroyAt: at + keepMs } }),
      () => why.as,
    );
    return this.finish(id);
  }

  /** Carries out an end that is written down, as far as this host can. Idempotent. */
  async finish(id: string): Promise<StoredDonation> {
    const { ledger, vault, clock, sources, isShared, checkpoint } = this.#deps;
    const stored = await this.#stores.donations.existing(id);
    const { end } = stored.value;
    if (end === null || stored.state === 'destroyed' || isKept(end, clock.wallMs())) return stored;
    const account = await ledger.account(id);
    if (account !== null && account.state !== 'destroyed') await ledger.setState(id, 'destroyed', `${end.as}: ${end.reason}`);
    await sources.remove(id);
    if (vault.list().some((meta) => meta.id === id)) await vault.shred(id, end.as);
    if (vault.has(id)) throw new TallyError('INTERNAL', 'A key that was destroyed is still there.');
    const auditSeq = this.#elsewhere.has(id) ? null : shredEntryOf(vault, id);
    if (auditSeq === null && account !== null && isShared) {
      // The host that has the key finishes it.
      this.#elsewhere.add(id);
      return stored;
    }
    await this.#close(id, auditSeq);
    await checkpoint();
    return this.#stores.donations.existing(id);
  }

  /** From here on the key may be given again. */
  async #close(id: string, auditSeq: number | null): Promise<void> {
    const { ledger, vault, clock } = this.#deps;
    const { donations, keys } = this.#stores;
    const { mode } = vault;
    await writeTogether(ledger, async () => {
      const stored = await donations.existing(id);
      const key = await keys.get(stored.value.keyMac);
      const destruction = { at: clock.wallMs(), mode, auditSeq };
      return [
        donations.changing(stored, { ...stored.value, destruction }, 'destroyed'),
        ...(key?.value.donation === id ? [keys.removing(key)] : []),
      ];
    });
  }

  /** What ends a donation by itself; null where it goes on. */
  async reason(stored: StoredDonation, account: Account): Promise<Ended | null> {
    const { id, value, state } = stored;
    const { ledger, clock } = this.#deps;
    const late = overdue(stored, clock.wallMs());
    if (late !== null) return { as: 'rejected', by: 'pool', reason: late };
    const expiry = expiryOf(value);
    if (expiry !== 0 && clock.wallMs() >= expiry) {
      const open = (await ledger.openHolds(OPEN_HOLDS_READ)).some(({ sourceId }) => sourceId === id);
      return open ? null : { as: 'expired', by: 'pool', reason: 'its time is over' };
    }
    if (state === 'pending_validation' || account.held !== 0n || account.state === 'frozen') return null;
    if (await this.#outOfTime(id)) return { as: 'depleted', by: 'pool', reason: 'less than a second of its time is left' };
    if (await this.fitsACall(id, value, account)) return null;
    const burned = await ledger.burnedOf(id);
    if (burned > 0n && (await this.fitsACall(id, value, { ...account, spent: account.spent - burned }))) {
      return { as: 'exhausted', by: 'pool', reason: 'calls of unknown outcome used it up', keepMs: value.keepExhaustedMs };
    }
    return { as: 'depleted', by: 'pool', reason: 'no call fits into what is left' };
  }

  /** Whether any call could still be placed on it. */
  async fitsACall(id: string, value: Donation, account: Pick<Account, 'limit' | 'spent' | 'overrun' | 'held'>): Promise<boolean> {
    const models = (await this.#rows.find(id))?.models ?? [];
    const said = limitOf(value);
    const limit = account.limit < said ? account.limit : said;
    return isUsable(models, { limit, used: account.held + account.spent + account.overrun, countConsent: value.countConsent });
  }

  async #outOfTime(id: string): Promise<boolean> {
    const accountId = (await this.#rows.find(id))?.minutesAccountId ?? null;
    const minutes = accountId === null ? null : await this.#deps.ledger.account(accountId);
    return minutes !== null && minutes.held === 0n && minutes.limit - minutes.spent - minutes.overrun < CALL_MS_MIN;
  }

  /** What calls of unknown outcome used up has come back, by reconciling: it goes on. */
  async reopen(stored: StoredDonation): Promise<void> {
    await this.#deps.vault.audit('donation.reopened', stored.id, {});
    const state = stored.value.pausedBy.length > 0 ? 'paused' : 'active';
    await this.#stores.donations.update(
      stored.id,
      (value) => ({ ...value, end: null }),
      () => state,
    );
  }
}

/** Why a key is not tried any more; null where it may be. @param now Unix ms. */
export function overdue({ state, value }: StoredDonation, now: number): string | null {
  if (state !== 'pending_validation' || now - value.givenAt < GIVE_UP_MS) return null;
  return 'the provider gave no clear answer within a day';
}

/** Ended, but its key is not destroyed yet. */
export function isKept({ as, destroyAt }: Ending, now: number): boolean {
  return as === 'exhausted' && destroyAt > now;
}

export function mustBeLive(stored: StoredDonation): void {
  if (isLive(stored)) return;
  throw new TallyError('STATE_INVALID', `The donation is ${stored.state}.`, { state: stored.state });
}
