import { type Hex, type LimitChangeTerms, limitChangeSigner, TallyError } from '@tallystick/core';
import { isWallet } from '../donors/donor.ts';
import type { DonationDeps } from './deps.ts';
import { expiryOf, limitOf, type SignedChange, type StoredDonation, sooner } from './donation.ts';
import { type Ends, mustBeLive } from './ends.ts';
import type { Stores } from './stores.ts';
import type { Turns } from './turns.ts';

export type LifeParts = { readonly stores: Stores; readonly ends: Ends; readonly turns: Turns };
export type Hand = 'donor' | 'operator';

/** What a donor asks for. `limit`: tokens · `expiry`: Unix ms, 0 = as before · `seq` and `signature` are a wallet's. */
export type Lowering = {
  readonly limit: bigint;
  readonly expiry: number;
  readonly seq: number | null;
  readonly signature: Hex | null;
};

/** What its donor and the operator may do to a donation: to use less of it, never more. */
export class Life {
  readonly #deps: DonationDeps;
  readonly #parts: LifeParts;

  constructor(deps: DonationDeps, parts: LifeParts) {
    this.#deps = deps;
    this.#parts = parts;
  }

  /** The word first, then the books: what a crash leaves between them the next look at the donation finishes. */
  pause(id: string, by: Hand): Promise<StoredDonation> {
    return this.#inTurn(id, async () => {
      await this.#deps.vault.audit('donation.paused', id, { by });
      const { donations } = this.#parts.stores;
      await donations.update(
        id,
        (value, before) => {
          mustBeLive(before);
          return { ...value, pausedBy: [...value.pausedBy.filter((hand) => hand !== by), by] };
        },
        (_, { state }) => (state === 'active' ? 'paused' : state),
      );
    });
  }

  /** Takes back one's own pause; the other's stays. */
  resume(id: string, by: Hand): Promise<StoredDonation> {
    return this.#inTurn(id, async () => {
      await this.#deps.vault.audit('donation.resumed', id, { by });
      await this.#parts.stores.donations.update(
        id,
        (value, before) => {
          mustBeLive(before);
          return { ...value, pausedBy: value.pausedBy.filter((hand) => hand !== by) };
        },
        (value, { state }) => (state === 'paused' && value.pausedBy.length === 0 ? 'active' : state),
      );
    });
  }

  /** @throws LIMIT_INVALID, SIGNATURE_INVALID, STATE_INVALID */
  lower(id: string, lowering: Lowering): Promise<StoredDonation> {
    return this.#inTurn(id, async () => {
      await this.#parts.stores.donations.update(id, (value, before) => {
        mustBeLive(before);
        return { ...value, change: this.#checked(before, lowering) };
      });
      await this.#deps.vault.audit('donation.lowered', id, { limit: String(lowering.limit), expiry: lowering.expiry });
    });
  }

  /** Now, whatever runs: calls in flight are cut. */
  revoke(id: string, by: Hand, reason: string): Promise<StoredDonation> {
    return this.#parts.turns.run(id, () => this.#parts.ends.begin(id, { as: 'revoked', by, reason }));
  }

  setAnonymous(id: string, anonymous: boolean): Promise<StoredDonation> {
    return this.#parts.turns.run(id, () => this.#parts.stores.donations.update(id, (value) => ({ ...value, anonymous })));
  }

  #inTurn(id: string, change: () => Promise<void>): Promise<StoredDonation> {
    return this.#parts.turns.run(id, async () => {
      await change();
      const stored = await this.#parts.stores.donations.existing(id);
      await this.align(stored);
      await this.#deps.checkpoint();
      return stored;
    });
  }

  /**
   * Makes the seal and the books say what the donation's record says, never more than they did. Idempotent: it is also how a crash between
   * the two is mended, and how a word that was given to another host comes to the one that has the key.
   */
  async align({ id, value, state }: StoredDonation): Promise<void> {
    const { ledger, vault } = this.#deps;
    const account = await ledger.account(id);
    if (account === null || account.state === 'destroyed') return;
    const { change, pausedBy } = value;
    if (change !== null && vault.has(id) && vault.limits(id).seq < change.seq) {
      const { signature, until: _, ...terms } = change;
      await vault.changeLimit({ id, ...terms, ...(signature === null ? {} : { signature }) });
    }
    if (account.limit > limitOf(value)) await ledger.lowerLimit(id, limitOf(value), `change ${change?.seq ?? 0}`);
    // A key that is not known to work yet is asked whether it does, paused or not.
    if (state !== 'active' && state !== 'paused') return;
    if (pausedBy.length > 0 && account.state === 'active') await ledger.setState(id, 'paused', `by the ${pausedBy.join(' and the ')}`);
    if (pausedBy.length === 0 && account.state === 'paused') await ledger.setState(id, 'active', 'nobody pauses it any more');
  }

  #checked(stored: StoredDonation, { limit, expiry, seq, signature }: Lowering): SignedChange {
    const { value } = stored;
    const next = (value.change?.seq ?? 0) + 1;
    // First of all: what is refused after this tells of the donation.
    if (isWallet(value.donor)) this.#checkSigned(stored, { limit, expiry, seq, signature }, next);
    const now = limitOf(value);
    if (limit < 0n || limit > now)
      throw new TallyError('LIMIT_INVALID', `The limit is ${now} now and can only be lowered.`, { field: 'limit' });
    const ends = expiryOf(value);
    if (expiry !== 0 && ends !== 0 && expiry > ends)
      throw new TallyError('LIMIT_INVALID', 'The expiry can only be brought forward.', { field: 'expires_at' });
    return {
      seq: next,
      limit,
      expiry,
      signature: isWallet(value.donor) ? signature : null,
      until: sooner(value.change?.until ?? 0, expiry),
    };
  }

  /** @throws SIGNATURE_INVALID */
  #checkSigned({ id, value }: StoredDonation, { limit, expiry, seq, signature }: Lowering, next: number): void {
    if (seq === null || signature === null)
      throw new TallyError('SIGNATURE_INVALID', 'Sign a LimitChange of this donation with the number `next_seq`.', { field: 'seq' });
    const terms: LimitChangeTerms = { id, seq, limit, expiry };
    if (signerOf(terms, this.#deps, signature) !== value.donor) throw new TallyError('SIGNATURE_INVALID');
    if (seq === next) return;
    throw new TallyError('SIGNATURE_INVALID', `Sign a LimitChange of this donation with number ${next}.`, { field: 'seq', seq: next });
  }
}

function signerOf(terms: LimitChangeTerms, { domain }: DonationDeps, signature: Hex): Hex | null {
  try {
    return limitChangeSigner(terms, domain, signature);
  } catch {
    return null;
  }
}
