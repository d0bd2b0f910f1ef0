import { createHmac } from 'node:crypto';
import { TallyError } from '@tallystick/core';
import { z } from 'zod';
import type { Clock } from '#ground/clock';
import { randomToken, uuidv7 } from '#ground/ids';
import type { LedgerRecords } from '#ledger';
import type { Vault } from '#vault';
import { Store, type Stored, writeTogether } from '../store.ts';

/** `gd_` and 32 random bytes in base64url. */
const TOKEN = /^gd_[A-Za-z0-9_-]{43}$/;

const guardianCodec = z.strictObject({ name: z.string(), tokenHash: z.string(), hint: z.string() });
const tokenCodec = z.strictObject({ guardian: z.string() });
type Guardian = z.output<typeof guardianCodec>;

export type GuardianView = {
  readonly id: string;
  readonly name: string;
  /** The token's first characters, for people to tell tokens apart. */
  readonly hint: string;
  readonly state: string;
  readonly createdAt: number;
};

export type GuardiansDeps = { readonly ledger: LedgerRecords; readonly vault: Pick<Vault, 'derive' | 'audit'>; readonly clock: Clock };

/** Who may stop the pool, and nothing else. Of a token only its keyed hash is kept, as the name of a record. */
export class Guardians {
  readonly #deps: GuardiansDeps;
  readonly #guardians: Store<Guardian>;
  readonly #tokens: Store<z.output<typeof tokenCodec>>;
  readonly #key: Buffer;

  constructor(deps: GuardiansDeps) {
    this.#deps = deps;
    this.#guardians = new Store(deps.ledger, 'pool.guardian', guardianCodec);
    this.#tokens = new Store(deps.ledger, 'pool.guardian-token', tokenCodec);
    this.#key = deps.vault.derive('guardian-tokens');
  }

  /** @returns the guardian and its token: the only time that it is shown. */
  async create(name: string): Promise<GuardianView & { readonly token: string }> {
    const { ledger, vault, clock } = this.#deps;
    const id = uuidv7(clock.wallMs());
    const token = `gd_${randomToken(32)}`;
    const guardian: Guardian = { name, tokenHash: this.#hash(token), hint: `${token.slice(0, 7)}…` };
    await vault.audit('pool.guardian.created', id, { name, hint: guardian.hint });
    await writeTogether(ledger, () => [
      this.#guardians.creating(id, guardian, 'active'),
      this.#tokens.creating(guardian.tokenHash, { guardian: id }, 'active'),
    ]);
    return { ...view(await this.#guardians.existing(id)), token };
  }

  async list(): Promise<readonly GuardianView[]> {
    const found: GuardianView[] = [];
    for await (const stored of this.#guardians.all()) found.push(view(stored));
    return found;
  }

  /** Its token is worth nothing from here on. Idempotent. @throws NOT_FOUND */
  async revoke(id: string): Promise<GuardianView> {
    const { ledger, vault } = this.#deps;
    const found = await this.#guardians.get(id);
    if (found === null) throw new TallyError('NOT_FOUND', 'There is no guardian with this id.');
    if (found.state === 'active') await vault.audit('pool.guardian.revoked', id, {});
    await writeTogether(ledger, async () => {
      const guardian = await this.#guardians.existing(id);
      const token = await this.#tokens.get(guardian.value.tokenHash);
      return [this.#guardians.changing(guardian, guardian.value, 'revoked'), ...(token === null ? [] : [this.#tokens.removing(token)])];
    });
    return view(await this.#guardians.existing(id));
  }

  /** @returns the id of the guardian whose token it is, or null. The lookup is by keyed hash, so its timing tells nothing of a token. */
  async identify(token: string): Promise<string | null> {
    const known = TOKEN.test(token) ? await this.#tokens.get(this.#hash(token)) : null;
    const guardian = known === null ? null : await this.#guardians.get(known.value.guardian);
    return guardian?.state === 'active' ? guardian.id : null;
  }

  #hash(token: string): string {
    return createHmac('sha256', this.#key).update(token).digest('hex');
  }
}

function view({ id, state, value: { name, hint }, createdAt }: Stored<Guardian>): GuardianView {
  return { id, name, hint, state, createdAt };
}
