import { setTimeout as sleep } from 'node:timers/promises';
import { TallyError } from '@tallystick/core';
import type { KeyRow, Ledger } from '#ledger';
import type { Budgets, Settled, Task } from '#pool';
import type { Vault } from '#vault';
import type { Front } from '../front.ts';
import { poolKeySecret } from './validation-key.ts';

/** Whose budgets they are. */
export const POOL_TENANT = 'pool';
/** The longest that answers are kept: a task that goes on within a day after a crash finds them. */
const REPLAY_S = 86_400;
const SETTLED_AGAIN_MS_MAX = 50;

export type TaskBudgetsDeps = {
  readonly ledger: Pick<Ledger, 'key' | 'addKey' | 'account' | 'setState' | 'receipt'>;
  readonly principals: Front['principals'];
  readonly vault: Pick<Vault, 'derive'>;
};

/** Each task has a virtual key of its own, whose token account is its budget. */
export class TaskBudgets implements Budgets {
  readonly #deps: TaskBudgetsDeps;

  constructor(deps: TaskBudgetsDeps) {
    this.#deps = deps;
  }

  secret(taskId: string): string {
    return poolKeySecret(this.#deps.vault, taskId);
  }

  async open({ id, tokens, createdAt }: Task): Promise<void> {
    const { ledger, principals } = this.#deps;
    if ((await ledger.key(id)) !== null) return;
    const row: KeyRow = {
      id,
      name: `task ${id}`,
      tenantId: POOL_TENANT,
      hash: principals.hash(this.secret(id), 'pool'),
      hint: 'tk_…',
      creditAccountId: null,
      sources: null,
      createdAt,
      expiresAt: null,
      replayS: REPLAY_S,
      use: 'pool',
    };
    await ledger.addKey(row, [{ id, kind: 'key', tenantId: POOL_TENANT, asset: 'tokens', ceiling: tokens, limit: tokens }]);
    await principals.add(row);
  }

  async left(taskId: string): Promise<{ readonly limit: bigint; readonly left: bigint }> {
    const account = await this.#deps.ledger.account(taskId);
    if (account === null) return { limit: 0n, left: 0n };
    const { limit, held, spent, overrun } = account;
    return { limit, left: limit - held - spent - overrun };
  }

  async close(taskId: string): Promise<void> {
    const account = await this.#deps.ledger.account(taskId);
    if (account !== null && account.state !== 'revoked') await this.#deps.ledger.setState(taskId, 'revoked', 'its task is done');
  }

  async settled(receiptId: string, signal: AbortSignal): Promise<Settled> {
    for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, SETTLED_AGAIN_MS_MAX)) {
      const found = await this.#deps.ledger.receipt(receiptId);
      if (found === null) throw new TallyError('NOT_FOUND', 'There is no such receipt.');
      if ('receipt' in found) return { charged: found.receipt.charged };
      await sleep(waitMs, undefined, { signal });
    }
  }
}
