import { TallyError } from '@tallystick/core';
import { type Account, type Ledger, POOL_GATE, providerGate, UNLOCKED_GATE } from '#ledger';
import type { Vault } from '#vault';
import { OVERRIDE_OFF } from './lockout.ts';
import { type Scope, scopeText } from './scopes.ts';

/** How a donated key is stopped and goes on: its own part keeps apart who has paused it. */
export interface StoppableKeys {
  /** Idempotent. @throws NOT_FOUND, STATE_INVALID */
  stop(id: string, reason: string): Promise<void>;
  start(id: string, reason: string): Promise<void>;
}

export type StopsDeps = {
  readonly ledger: Pick<Ledger, 'account' | 'accounts' | 'setState'>;
  readonly vault: Pick<Vault, 'audit'>;
  readonly keys: StoppableKeys;
};

export type StopView = { readonly scope: string; readonly stopped: boolean; readonly reason: string | null };

/**
 * The emergency stops of the pool, of a provider and of a key. Each is the state of an account that every hold of the pool names, so it counts from
 * the next hold on, in every worker and on every host.
 */
export class Stops {
  readonly #deps: StopsDeps;

  constructor(deps: StopsDeps) {
    this.#deps = deps;
  }

  /** @param by `operator`, `guardian:<id>` or `breach`. @throws NOT_FOUND, STATE_INVALID */
  async stop(scope: Scope, reason: string, by: string): Promise<StopView> {
    const gates = await this.#gates(scope);
    await this.#deps.vault.audit('pool.stop', scopeText(scope), { reason, by });
    if (scope.of === 'key') await this.#deps.keys.stop(scope.id, reason);
    for (const { id, state } of gates) if (state === 'active') await this.#deps.ledger.setState(id, 'paused', reason);
    return { scope: scopeText(scope), stopped: true, reason };
  }

  /** @throws NOT_FOUND, STATE_INVALID */
  async start(scope: Scope, reason: string, by: string): Promise<StopView> {
    const gates = await this.#gates(scope);
    await this.#deps.vault.audit('pool.start', scopeText(scope), { reason, by });
    if (scope.of === 'key') await this.#deps.keys.start(scope.id, reason);
    for (const { id, stateReason } of gates) {
      // The gate of an override that is off was shut by no stop.
      if (id !== UNLOCKED_GATE || stateReason !== OVERRIDE_OFF) await this.#deps.ledger.setState(id, 'active', reason);
    }
    return { scope: scopeText(scope), stopped: false, reason: null };
  }

  /** How the pool and its providers stand. */
  async view(): Promise<readonly StopView[]> {
    const gates = (await this.#deps.ledger.accounts('group')).filter(({ id }) => id !== UNLOCKED_GATE);
    return gates.map(({ id, state, stateReason }) => ({
      scope: id === POOL_GATE ? 'pool' : `provider:${id.slice(providerGate('').length)}`,
      stopped: state !== 'active',
      reason: stateReason,
    }));
  }

  async #gates(scope: Scope): Promise<readonly Account[]> {
    if (scope.of === 'key') return [];
    const ids = scope.of === 'pool' ? [POOL_GATE, UNLOCKED_GATE] : [providerGate(scope.provider)];
    const found = (await Promise.all(ids.map((id) => this.#deps.ledger.account(id)))).filter((account) => account !== null);
    if (found.length === 0)
      throw new TallyError('NOT_FOUND', 'No key of this provider was ever donated here.', { scope: scopeText(scope) });
    return found;
  }
}
