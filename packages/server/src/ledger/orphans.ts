import { setTimeout as sleep } from 'node:timers/promises';
import { TallyError } from '@tallystick/core';
import type { Clock } from '#ground/clock';
import type { Log } from '#ground/log';
import type { Channel } from './channel.ts';
import { LIMITS } from './limits.ts';
import { NO_HASH, type Op } from './protocol.ts';
import { checkSettle } from './validate.ts';

/** What the books cannot take now is tried again for two minutes; what is open then is burned at the next start. */
const AGAIN_MS = 1000;
const TRIES_MAX = 120;

/** Ends what a process that is gone has left behind, in its place. */
export class Orphans {
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(channel: Channel, clock: Clock, log: Log) {
    this.#channel = channel;
    this.#clock = clock;
    this.#log = log;
  }

  /** Provably never sent: whoever asked for the hold was never given its permit. */
  giveBack(holdId: string, reason: string): void {
    void this.#ask(this.#settlement(holdId, 'released', reason));
  }

  /** What became of these calls nobody will tell: the source pays the whole hold of each. @returns how many are not in the books yet. */
  async burn(holds: readonly string[], reason: string): Promise<number> {
    let left = holds.length;
    for (let from = 0; from < holds.length; from += LIMITS.burnBatch) {
      const ops = holds.slice(from, from + LIMITS.burnBatch).map((holdId) => this.#settlement(holdId, 'burned', reason));
      for (const isDone of await Promise.all(ops.map((op) => this.#ask(op)))) left -= isDone ? 1 : 0;
    }
    return left;
  }

  /** @returns whether the books have it: the source is stopped, or destroyed already. */
  freeze(accountId: string, reason: string): Promise<boolean> {
    return this.#ask({ kind: 'setState', body: { accountId, state: 'frozen', reason, reconciledSpent: undefined } });
  }

  #settlement(holdId: string, outcome: 'released' | 'burned', reason: string): Op {
    const nothing = { tokens: 0n, credits: 0n, lines: [] };
    const endedAt = this.#clock.wallMs();
    return { kind: 'settle', body: checkSettle({ ...nothing, holdId, outcome, endedAt, responseHash: NO_HASH, detail: { reason } }) };
  }

  async #ask(op: Op): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#channel.ask(op);
        return true;
      } catch (cause) {
        const code = cause instanceof TallyError ? cause.code : 'INTERNAL';
        // A source in a final state cannot be frozen, and need not be.
        if (code === 'STATE_INVALID') return true;
        this.#log.error({ op: op.kind, code }, 'what a worker left behind could not be ended in the books');
        if (code !== 'LEDGER_UNAVAILABLE' || tries === TRIES_MAX) return false;
      }
      await sleep(AGAIN_MS, undefined, { ref: false });
    }
  }
}
