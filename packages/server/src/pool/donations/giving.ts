import { createHmac } from 'node:crypto';
import { TallyError } from '@tallystick/core';
import { uuidv7 } from '#ground/ids';
import { gateAccount, type NewAccount, POOL_GATE, providerGate, type SourceRow } from '#ledger';
import { type Donor, isWallet } from '../donors/donor.ts';
import type { Word } from '../donors/donor-auth.ts';
import { NONCE_KIND, type Nonces } from '../donors/nonces.ts';
import { Crowd } from './crowd.ts';
import type { DonationDeps } from './deps.ts';
import type { Donation, StoredDonation } from './donation.ts';
import type { Gift } from './input.ts';
import { type Probe, probeOf } from './probe.ts';
import { hostOf, modelsAt } from './providers.ts';
import { receiptDigest } from './receipt.ts';
import { KEY_KIND, PACE_KIND, type Stores } from './stores.ts';
import { checkUsable } from './usable.ts';

/** Between two gifts of one donor. */
const PACE_MS = 60_000;
const TENANT = 'pool';

/** Who gives, as authenticated. `label`: the name that was given beside the identity. */
export type Giver = { readonly donor: Donor; readonly word: Word | null; readonly label: string | null };

/** Takes keys: what is not there whole after a crash is not there at all. */
export class Giving {
  readonly #deps: DonationDeps;
  readonly #stores: Stores;
  readonly #nonces: Nonces;
  readonly #macKey: Buffer;
  readonly #crowd: Crowd;
  /** What this process is taking now. */
  readonly #underWay = new Set<string>();

  constructor(deps: DonationDeps, stores: Stores, nonces: Nonces) {
    this.#deps = deps;
    this.#stores = stores;
    this.#nonces = nonces;
    this.#macKey = deps.vault.derive('donated-keys');
    this.#crowd = new Crowd(deps.clock);
  }

  isUnderWay(id: string): boolean {
    return this.#underWay.has(id);
  }

  /**
   * First the donation's own record, with what makes it the only one; then the sealed key; then its accounts: a key that is sealed has a
   * donation to it, and one that nothing came of is undone at the next start.
   * @throws DONATION_UNUSABLE, DONATION_DUPLICATE, DONATION_TOO_SOON, NONCE_USED, LEDGER_UNAVAILABLE
   */
  async give(gift: Gift, giver: Giver): Promise<StoredDonation> {
    const { vault, clock, sources } = this.#deps;
    const models = modelsAt(gift.provider);
    const probe = probeOf(gift.provider.dialect, models);
    checkUsable(models, probe, BigInt(gift.tokens), gift.countConsent);
    const id = uuidv7(clock.wallMs());
    const donation = this.#donation(id, gift, giver);
    this.#underWay.add(id);
    try {
      await this.#record(id, donation, giver);
      await vault.audit('donation.given', id, auditData(donation));
      const gate = await this.#gate(gift.provider.name);
      const row = rowOf(id, gift, [POOL_GATE, gate], clock.wallMs());
      await sources.add(row, accountsOf(row, gift, probe), giver.donor, Buffer.from(gift.apiKey, 'latin1'));
    } finally {
      this.#underWay.delete(id);
    }
    return this.#stores.donations.existing(id);
  }

  /** The gate of the pool itself bears the lockout, and is not made here. */
  async #gate(provider: string): Promise<string> {
    const { ledger } = this.#deps;
    const gate = providerGate(provider);
    if ((await ledger.account(gate)) !== null) return gate;
    try {
      await ledger.openAccount(gateAccount(gate));
    } catch (error) {
      // Another process may have been quicker.
      if ((await ledger.account(gate)) === null) throw error;
    }
    return gate;
  }

  #donation(id: string, gift: Gift, { donor, label }: Giver): Donation {
    const { clock, vault, domain, sign } = this.#deps;
    const { provider, minutes, expiry, countConsent, holdSettle, keepExhaustedMs, anonymous } = gift;
    const now = clock.wallMs();
    const terms = {
      donor,
      label,
      provider: provider.name,
      host: hostOf(provider),
      simulated: provider.dialect === 'sandbox',
      tokens: BigInt(gift.tokens),
      minutes,
      expiry,
      countConsent,
      holdSettle,
      keepExhaustedMs,
      shreddable: vault.mode === 'shreddable',
      givenAt: now,
    };
    return {
      ...terms,
      anonymous,
      keyMac: createHmac('sha256', this.#macKey).update(`${provider.name}\n${gift.apiKey}`).digest('hex'),
      receipt: sign(receiptDigest(id, terms, domain)),
      validation: { attempts: 0, nextAt: now, receiptId: null, unclear: null },
      pausedBy: [],
      change: null,
      end: null,
      destruction: null,
    };
  }

  /** All or none: the nonce, the key, the donor's pace and the donation. Of two at once that share one of them, one is refused. */
  async #record(id: string, donation: Donation, { donor, word }: Giver): Promise<void> {
    const { donations, keys, pace } = this.#stores;
    const { ledger, clock } = this.#deps;
    if ((await keys.get(donation.keyMac)) !== null) throw new TallyError('DONATION_DUPLICATE');
    const last = await pace.get(donor);
    const waitMs = last === null ? 0 : waitOf(last.writtenAt, clock.wallMs());
    if (waitMs > 0) throw tooSoon(waitMs);
    if (isWallet(donor)) this.#crowd.enter();
    const spent = word === null ? [] : [this.#nonces.spending(donor, word.nonce, word.deadline)];
    const paced = last === null ? pace.creating(donor, { donation: id }, 'gave') : pace.changing(last, { donation: id });
    const result = await ledger.writeRecords([
      ...spent,
      keys.creating(donation.keyMac, { donation: id }, 'given'),
      paced,
      donations.creating(id, donation, 'pending_validation'),
    ]);
    if (result.result === 'written') return;
    if (result.kind === NONCE_KIND) throw new TallyError('NONCE_USED');
    if (result.kind === KEY_KIND) throw new TallyError('DONATION_DUPLICATE');
    if (result.kind === PACE_KIND) throw tooSoon(PACE_MS);
    throw new TallyError('INTERNAL');
  }
}

/** By the ledger's own stamps. A clock that was set back does not lock a donor out for longer than the pace. */
function waitOf(lastAt: number, now: number): number {
  const since = now - lastAt;
  return Math.abs(since) >= PACE_MS ? 0 : PACE_MS - Math.max(0, since);
}

function tooSoon(waitMs: number): TallyError {
  return new TallyError('DONATION_TOO_SOON', undefined, { retry_after_s: Math.ceil(waitMs / 1000) });
}

function auditData({ donor, provider, host, tokens, minutes, expiry, countConsent, holdSettle, simulated }: Donation) {
  const consents = { count_consent: countConsent, hold_settle: holdSettle };
  return { donor, provider, host, tokens: String(tokens), minutes, expiry, ...consents, simulated };
}

function rowOf(id: string, { provider, minutes, countConsent, holdSettle }: Gift, groups: readonly string[], now: number): SourceRow {
  return {
    id,
    name: `donation ${id}`,
    provider: provider.dialect,
    baseUrl: provider.baseUrl,
    mode: provider.dialect === 'sandbox' ? 1 : 0,
    settle: holdSettle ? 'hold' : 'metered',
    countConsent,
    models: provider.models,
    tariff: '[]',
    createdAt: now,
    pool: true,
    groups,
    minutesAccountId: minutes === 0 ? null : uuidv7(now),
  };
}

/** The cap is the ceiling; until the key is known to work, no more than finding that out may be spent of it. */
function accountsOf({ id, minutesAccountId }: SourceRow, { tokens, minutes, expiry }: Gift, probe: Probe | null): readonly NewAccount[] {
  const expires = expiry === 0 ? {} : { expiresAt: expiry };
  const limit = probe?.cost ?? 0n;
  const source: NewAccount = { id, kind: 'source', tenantId: TENANT, asset: 'tokens', ceiling: BigInt(tokens), limit, ...expires };
  if (minutesAccountId === null) return [source];
  const ms = BigInt(minutes) * 60_000n;
  return [source, { id: minutesAccountId, kind: 'minutes', tenantId: TENANT, asset: 'ms', ceiling: ms, limit: ms, parent: id }];
}
