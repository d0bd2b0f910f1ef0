import { createHmac } from 'node:crypto';
import { TallyError } from '@tallystick/core';
import { z } from 'zod';
import type { Clock } from '#ground/clock';
import { randomToken, uuidv7 } from '#ground/ids';
import type { LedgerRecords } from '#ledger';
import type { Vault } from '#vault';
import { Store, type Stored, writeTogether } from '../store.ts';
import { accountDonor, type Donor } from './donor.ts';

/** `dn_` and 32 random bytes in base64url. */
const TOKEN = /^dn_[A-Za-z0-9_-]{43}$/;

const accountCodec = z.strictObject({ name: z.string(), tokenHash: z.string(), hint: z.string() });
const tokenCodec = z.strictObject({ account: z.string() });
type Account = z.output<typeof accountCodec>;

export type DonorAccount = {
  readonly id: string;
  readonly donor: Donor;
  readonly name: string;
  /** The token's first characters, for people to tell tokens apart. */
  readonly hint: string;
  readonly state: string;
  readonly createdAt: number;
};

export type DonorAccountsDeps = { readonly ledger: LedgerRecords; readonly vault: Pick<Vault, 'derive' | 'audit'>; readonly clock: Clock };

/** Accounts of donors without a wallet. Of a token only its keyed hash is kept, as the name of a record. */
export class DonorAccounts {
  readonly #deps: DonorAccountsDeps;
  readonly #accounts: Store<Account>;
  readonly #tokens: Store<z.output<typeof tokenCodec>>;
  readonly #key: Buffer;

  constructor(deps: DonorAccountsDeps) {
    this.#deps = deps;
    this.#accounts = new Store(deps.ledger, 'pool.donor', accountCodec);
    this.#tokens = new Store(deps.ledger, 'pool.donor-token', tokenCodec);
    this.#key = deps.vault.derive('donor-tokens');
  }

  /** @returns the account and its token: the only time that it is shown. */
  async create(name: string): Promise<DonorAccount & { readonly token: string }> {
    const { ledger, vault, clock } = this.#deps;
    const id = uuidv7(clock.wallMs());
    const token = `dn_${randomToken(32)}`;
    const account: Account = { name, tokenHash: this.#hash(token), hint: `${token.slice(0, 7)}…` };
    await vault.audit('pool.donor.created', id, { name, hint: account.hint });
    await writeTogether(ledger, () => [
      this.#accounts.creating(id, account, 'active'),
      this.#tokens.creating(account.tokenHash, { account: id }, 'active'),
    ]);
    return { ...view(await this.#accounts.existing(id)), token };
  }

  async list(): Promise<readonly DonorAccount[]> {
    const found: DonorAccount[] = [];
    for await (const stored of this.#accounts.all()) found.push(view(stored));
    return found;
  }

  /** Its token is worth nothing from here on; what it gave stays given. Idempotent. @throws NOT_FOUND */
  async revoke(id: string): Promise<DonorAccount> {
    const { ledger, vault } = this.#deps;
    const found = await this.#accounts.get(id);
    if (found === null) throw new TallyError('NOT_FOUND', 'There is no donor account with this id.');
    if (found.state === 'active') await vault.audit('pool.donor.revoked', id, {});
    await writeTogether(ledger, async () => {
      const account = await this.#accounts.existing(id);
      const token = await this.#tokens.get(account.value.tokenHash);
      return [this.#accounts.changing(account, account.value, 'revoked'), ...(token === null ? [] : [this.#tokens.removing(token)])];
    });
    return view(await this.#accounts.existing(id));
  }

  /** @returns whose token it is. @throws FORBIDDEN. The lookup is by keyed hash, so its timing tells nothing of a token. */
  async identify(token: string): Promise<Donor> {
    const known = TOKEN.test(token) ? await this.#tokens.get(this.#hash(token)) : null;
    const account = known === null ? null : await this.#accounts.get(known.value.account);
    if (account?.state !== 'active') throw new TallyError('FORBIDDEN', 'The donor’s token is not known here, or was revoked.');
    return accountDonor(account.id);
  }

  #hash(token: string): string {
    return createHmac('sha256', this.#key).update(token).digest('hex');
  }
}

function view({ id, state, value: { name, hint }, createdAt }: Stored<Account>): DonorAccount {
  return { id, donor: accountDonor(id), name, hint, state, createdAt };
}
