import { TallyError } from '@tallystick/core';
import type { Log } from '#ground/log';
import { gateAccount, type Ledger, POOL_GATE, UNLOCKED_GATE } from '#ledger';
import type { Vault } from '#vault';
import type { Launch } from './launch.ts';

/** No task runs in the first 90 days after the launch. */
export const LOCKOUT_MS = 90 * 86_400_000;

/** `unlocksAt`: Unix ms · `locked`: whether calls are refused now, by the lockout alone. */
export type LockoutView = {
  readonly locked: boolean;
  readonly launchedAt: number;
  readonly unlocksAt: number;
  readonly override: boolean;
};

export type LockoutDeps = {
  readonly ledger: Pick<Ledger, 'account' | 'openAccount' | 'raiseOpensAt' | 'setState'>;
  readonly vault: Pick<Vault, 'audit'>;
  readonly launch: Launch;
  /** The launch stands in the configuration, and is not just the first start. */
  readonly isConfigured: boolean;
  readonly override: boolean;
  /** Unix ms by grant time: a clock that is set forward ends nothing. */
  readonly grantMs: () => number;
  readonly log: Log;
};

/**
 * The governance lockout. It is a predicate of every hold of the pool (the gate's `opensAt`), judged by the ledger; what is here puts the date
 * there, and tells it. It ends by itself.
 */
export class Lockout {
  readonly #deps: LockoutDeps;
  #launchedAt = 0;
  #unlocksAt = 0;

  constructor(deps: LockoutDeps) {
    this.#deps = deps;
  }

  /**
   * Sees to the gates before anything of the pool runs.
   * @throws CONFIG_INVALID where the configured launch would unlock the pool before the date that its donors were told: a date that is ignored
   * would have the operator believe in it, so it is refused.
   */
  async start(): Promise<void> {
    const { launch, ledger, vault, override, log } = this.#deps;
    this.#launchedAt = await launch.launchedAt();
    const opensAt = this.#launchedAt + LOCKOUT_MS;
    const data = { launched_at: this.#launchedAt, unlocks_at: opensAt };
    let known = await opensAtOf(ledger);
    if (known === null) {
      await vault.audit('pool.launched', POOL_GATE, data);
      await ledger.openAccount(gateAccount(POOL_GATE, opensAt)).catch(unlessOpened);
      known = (await opensAtOf(ledger)) ?? opensAt;
    }
    if (opensAt < known && this.#deps.isConfigured) throw tooEarly(opensAt, known);
    if (opensAt > known) {
      await vault.audit('pool.launch_moved', POOL_GATE, data);
      await ledger.raiseOpensAt(POOL_GATE, opensAt, 'launch');
    }
    this.#unlocksAt = Math.max(opensAt, known);
    await this.#seeToOverride();
    if (override) log.warn({ unlocks_at: this.#unlocksAt }, 'TALLY_POOL_LOCKOUT_OFF: the governance lockout is OVERRIDDEN on this gateway');
  }

  /** The override's own gate stands as the real one does while the override is on, and is shut at the next start without it. */
  async #seeToOverride(): Promise<void> {
    const { ledger, vault, override } = this.#deps;
    const gate = await ledger.account(UNLOCKED_GATE);
    if (gate === null && !override) return;
    if (gate === null) await ledger.openAccount(gateAccount(UNLOCKED_GATE)).catch(unlessOpened);
    const real = await ledger.account(POOL_GATE);
    const isStopped = real !== null && real.state !== 'active';
    const [state, reason] = !override
      ? (['paused', OVERRIDE_OFF] as const)
      : isStopped
        ? (['paused', real.stateReason ?? 'stopped'] as const)
        : (['active', 'the lockout is overridden'] as const);
    await ledger.setState(UNLOCKED_GATE, state, reason);
    if (override) await vault.audit('pool.lockout_overridden', POOL_GATE, { unlocks_at: this.#unlocksAt });
  }

  view(): LockoutView {
    const { override, grantMs } = this.#deps;
    const isOver = grantMs() >= this.#unlocksAt;
    return { locked: !override && !isOver, launchedAt: this.#launchedAt, unlocksAt: this.#unlocksAt, override };
  }
}

/** Why the override's gate is shut where nobody has stopped anything. */
export const OVERRIDE_OFF = 'the lockout is not overridden any more';

async function opensAtOf(ledger: Pick<Ledger, 'account'>): Promise<number | null> {
  const gate = await ledger.account(POOL_GATE);
  return gate === null ? null : (gate.opensAt ?? 0);
}

/** Another host was quicker. */
function unlessOpened(error: unknown): void {
  if (!(error instanceof TallyError && error.code === 'INPUT_INVALID')) throw error;
}

function tooEarly(opensAt: number, known: number): TallyError {
  const day = (ms: number) => new Date(ms).toISOString();
  return new TallyError(
    'CONFIG_INVALID',
    `TALLY_POOL_LAUNCH: it would end the lockout at ${day(opensAt)}, and donors were told ${day(known)}. A lockout is never shortened: set the launch to ${day(known - LOCKOUT_MS)} or later, or leave the setting out.`,
    { setting: 'TALLY_POOL_LAUNCH' },
  );
}
