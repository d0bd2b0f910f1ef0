import { createHmac } from 'node:crypto';
import { AMOUNT_MAX } from '@tallystick/core';
import { uuidv7 } from '#ground/ids';
import type { KeyRow, NewAccount } from '#ledger';
import type { Vault } from '#vault';
import type { Daemon } from '../daemon.ts';

/** The secret of a virtual key that the pool itself uses: made of its id when it is needed, kept nowhere. */
export function poolKeySecret(vault: Pick<Vault, 'derive'>, id: string): string {
  const key = vault.derive('pool-keys');
  const secret = createHmac('sha256', key).update(id).digest('base64url');
  key.fill(0);
  return `tk_${secret}`;
}

export type ValidationKeyDeps = Pick<Daemon, 'ledger' | 'vault' | 'clock' | 'front'>;

/** The virtual key that donated keys are tried with: made when the first is, the same ever after. */
export class ValidationKey {
  readonly #deps: ValidationKeyDeps;
  #secret: Promise<string> | null = null;

  constructor(deps: ValidationKeyDeps) {
    this.#deps = deps;
  }

  secret(): Promise<string> {
    this.#secret ??= this.#make().catch((error: unknown) => {
      this.#secret = null;
      throw error;
    });
    return this.#secret;
  }

  /** The operator may have revoked it: then the next is another. */
  forget(): void {
    this.#secret = null;
  }

  async #make(): Promise<string> {
    return (await this.#known()) ?? this.#create();
  }

  async #known(): Promise<string | null> {
    const { ledger, vault, front } = this.#deps;
    for (const { id, use, hash } of await ledger.keys()) {
      if (use !== 'validation') continue;
      const secret = poolKeySecret(vault, id);
      if (front.principals.hash(secret, use) === hash && (await ledger.account(id))?.state === 'active') return secret;
    }
    return null;
  }

  async #create(): Promise<string> {
    const { ledger, vault, clock, front } = this.#deps;
    const id = uuidv7(clock.wallMs());
    const secret = poolKeySecret(vault, id);
    const row: KeyRow = {
      id,
      name: 'validation of donated keys',
      tenantId: 'pool',
      hash: front.principals.hash(secret, 'validation'),
      hint: 'tk_…',
      creditAccountId: null,
      sources: null,
      createdAt: clock.wallMs(),
      expiresAt: null,
      replayS: 0,
      use: 'validation',
    };
    const account: NewAccount = { id, kind: 'key', tenantId: 'pool', asset: 'tokens', ceiling: AMOUNT_MAX, limit: AMOUNT_MAX };
    await vault.audit('key.created', id, { name: row.name, use: row.use, tenant: row.tenantId });
    await ledger.addKey(row, [account]);
    await front.principals.add(row);
    return secret;
  }
}
