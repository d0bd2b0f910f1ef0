import { donatedKeyHash, donationSigner, TallyError } from '@tallystick/core';
import { describe } from '#ground/describe';
import { DonorAccounts } from '../donors/accounts.ts';
import type { Donor } from '../donors/donor.ts';
import { type Credentials, DonorAuth, type Word } from '../donors/donor-auth.ts';
import { Nonces } from '../donors/nonces.ts';
import type { DonationDeps } from './deps.ts';
import type { StoredDonation } from './donation.ts';
import { Ends } from './ends.ts';
import { Giving } from './giving.ts';
import type { Gift } from './input.ts';
import { Keeper } from './keeper.ts';
import { Life } from './life.ts';
import { SourceRows } from './source-rows.ts';
import { type Stores, storesOf } from './stores.ts';
import { Turns } from './turns.ts';
import { Validator } from './validator.ts';
import { type DonationView, donationView, receiptsPage } from './view.ts';

/** How long whoever gives waits to hear whether the key works. */
const ANSWER_WITHIN_MS = 20_000;
const LIST_MAX = 1000;

/** Everything about giving, joined. */
export class Donations {
  readonly accounts: DonorAccounts;
  readonly auth: DonorAuth;
  readonly life: Life;
  readonly stores: Stores;
  readonly #deps: DonationDeps;
  readonly #rows: SourceRows;
  readonly #giving: Giving;
  readonly #validator: Validator;
  readonly #keeper: Keeper;

  constructor(deps: DonationDeps) {
    this.#deps = deps;
    const nonces = new Nonces(deps.ledger);
    this.accounts = new DonorAccounts(deps);
    this.auth = new DonorAuth({ ...deps, accounts: this.accounts, nonces });
    this.stores = storesOf(deps.ledger);
    this.#rows = new SourceRows(deps.ledger);
    const turns = new Turns();
    const ends = new Ends(deps, this.stores, this.#rows);
    const parts = { stores: this.stores, rows: this.#rows, ends, turns };
    this.life = new Life(deps, parts);
    this.#giving = new Giving(deps, this.stores, nonces);
    this.#validator = new Validator(deps, parts);
    const kept = { ...parts, life: this.life, giving: this.#giving, validator: this.#validator };
    this.#keeper = new Keeper(deps, { ...kept, tidy: (now) => nonces.sweep(now) });
  }

  start(): Promise<void> {
    return this.#keeper.start();
  }

  stop(): Promise<void> {
    return this.#keeper.stop();
  }

  /** A call was settled, on whichever source. */
  notify(): void {
    this.#keeper.notify();
  }

  /** Tries its key, if that is due. */
  validate(id: string): Promise<void> {
    return this.#validator.validate(id);
  }

  check(id: string): Promise<void> {
    return this.#keeper.check(id);
  }

  /** Takes a key and finds out whether it works, as far as that takes no longer than a caller waits. */
  async give(gift: Gift, credentials: Credentials): Promise<StoredDonation> {
    const { donor, word } = await this.auth.giver(credentials, (given) => this.#signer(gift, given));
    const isAddress = gift.address?.startsWith('0x') === true;
    if (isAddress && gift.address?.toLowerCase() !== donor)
      throw new TallyError('SIGNATURE_INVALID', 'donor_address: is not who gives.', { field: 'donor_address' });
    const { id } = await this.#giving.give(gift, { donor, word, label: isAddress ? null : gift.address });
    const validated = this.#validator.validate(id).catch((cause: unknown) => {
      this.#deps.log.warn({ donation: id, cause: describe(cause) }, 'a key could not be tried now');
    });
    await within(validated, ANSWER_WITHIN_MS);
    return this.stores.donations.existing(id);
  }

  /** @throws NOT_FOUND where there is none, or it is another donor's */
  async owned(id: string, donor: Donor | null): Promise<StoredDonation> {
    const found = isId(id) ? await this.stores.donations.get(id) : null;
    if (found === null || (donor !== null && found.value.donor !== donor))
      throw new TallyError('NOT_FOUND', 'There is no donation of yours with this id.');
    return found;
  }

  /** Newest last, at most 1,000. @param donor null = of all donors */
  async list(donor: Donor | null, after?: string): Promise<readonly DonationView[]> {
    const found: StoredDonation[] = [];
    for await (const stored of this.stores.donations.all()) {
      if ((donor !== null && stored.value.donor !== donor) || (after !== undefined && stored.id <= after)) continue;
      found.push(stored);
      if (found.length === LIST_MAX) break;
    }
    return Promise.all(found.map((stored) => this.view(stored)));
  }

  view(stored: StoredDonation): Promise<DonationView> {
    return donationView({ ...this.#deps, rows: this.#rows }, stored);
  }

  /** With a page of the receipts of its calls. */
  async viewWithReceipts(stored: StoredDonation, before: bigint | null): Promise<DonationView> {
    return { ...(await this.view(stored)), ...(await receiptsPage(this.#deps.ledger, stored.id, before)) };
  }

  #signer(gift: Gift, { donor, nonce, deadline, signature }: Word) {
    const { provider, apiKey, tokens, minutes, expiry, countConsent, holdSettle, keepExhaustedMs } = gift;
    const consents = { countConsent, holdSettle, keepExhaustedMs };
    const given = { provider: provider.name, keyHash: donatedKeyHash(apiKey), tokens: BigInt(tokens), minutes, expiry };
    return donationSigner({ donor, ...given, ...consents, nonce, deadline }, this.#deps.domain, signature);
  }
}

/** What may stand in a URL as an id. */
function isId(id: string): boolean {
  return /^[0-9a-f-]{36}$/.test(id);
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, over]);
  clearTimeout(timer);
}
