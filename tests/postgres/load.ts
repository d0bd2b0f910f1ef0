import { setTimeout as sleep } from 'node:timers/promises';
import { holdRequest, KEY, newAccount, SOURCE, settleRequest } from '../../packages/server/src/ledger/conformance/engine.ts';
import type { HoldRequest, Ledger } from '../../packages/server/src/ledger/types.ts';
import { between, pick, seeded } from '../support/random.ts';

export type LoadOptions = {
  readonly callers: number;
  readonly seed: number;
  readonly keys: readonly string[];
  /** A part of the holds rests on evidence. */
  readonly guarded?: boolean;
  /** Idempotency keys that other loads use too. */
  readonly shared?: readonly string[];
  /** Callers leave when the source has no more room. */
  readonly untilFull?: boolean;
};

/** Told of each answer before the caller goes on. */
export type Hear = (what: 'created' | 'settled', holdId: string, amount: bigint) => void;

/** What callers were told, and when they were told no. */
export type Told = {
  readonly created: Map<string, bigint>;
  readonly settled: Map<string, bigint>;
  /** Virtual keys with the shared idempotency keys under which a hold was created here. */
  readonly won: string[];
  /** Its ledger ended, and was heard no more: what it was told to settle at last may be settled. */
  ended: boolean;
  unavailable: number;
  /** The longest that a caller waited for the answer to a hold, ms. */
  slowestMs: number;
};

export function nothingTold(): Told {
  return { created: new Map(), settled: new Map(), won: [], ended: false, unavailable: 0, slowestMs: 0 };
}

export const KEYS = [KEY, 'key-2', 'key-3'] as const;

/** One hot source, and several keys with room. */
export async function openHot(ledger: Ledger, limit: bigint): Promise<void> {
  await ledger.openAccount(newAccount(SOURCE, limit));
  for (const key of KEYS) await ledger.openAccount(newAccount(key, 10n ** 12n));
}

/** Callers that place holds and end them, until they are stopped; a call that was begun is ended first. */
export class Load {
  readonly told: Told = nothingTold();
  readonly #ledger: Ledger;
  readonly #options: LoadOptions;
  readonly #hear: Hear;
  readonly #callers: Promise<void>[];
  #isRunning = true;

  constructor(ledger: Ledger, options: LoadOptions, hear: Hear = () => {}) {
    this.#ledger = ledger;
    this.#hear = hear;
    this.#options = options;
    this.#callers = Array.from({ length: options.callers }, (_, number) => this.#caller(seeded(options.seed * 1_000 + number)));
  }

  /** Resolves when every call has ended. @returns what was told. */
  async stop(): Promise<Told> {
    this.#isRunning = false;
    await Promise.all(this.#callers);
    return this.told;
  }

  /** Resolves when so many more calls have been settled. */
  async progress(calls: number): Promise<void> {
    const until = this.told.settled.size + calls;
    while (this.told.settled.size < until) await sleep(5);
  }

  async #caller(random: () => number): Promise<void> {
    while (this.#isRunning && (await this.#call(random)));
  }

  /** @returns false where there is no room any more. */
  async #call(random: () => number): Promise<boolean> {
    const amount = BigInt(between(random, 1, 20));
    const request = this.#request(random, amount);
    const asked = performance.now();
    const answer = await this.#ledger.hold(request).catch(unavailable);
    this.told.slowestMs = Math.max(this.told.slowestMs, performance.now() - asked);
    if (answer === null) {
      this.told.unavailable += 1;
      await sleep(10);
      return true;
    }
    if (answer.result === 'refused') {
      await sleep(2);
      return !(this.#options.untilFull === true && answer.refusal.code === 'CAP_EXCEEDED');
    }
    if (answer.result === 'existing') return true;
    this.told.created.set(request.holdId, amount);
    this.#hear('created', request.holdId, amount);
    if (request.idempotency !== undefined) this.told.won.push(`${request.keyId} ${request.idempotency.key}`);
    if (random() < 0.3) await sleep(between(random, 1, 5));
    const outcome = pick(random, ['metered', 'metered', 'metered', 'bound', 'released'] as const);
    const tokens = BigInt(between(random, 0, Number(amount)));
    // A ledger that has ended tells nobody how a call ended.
    const settled = await this.#ledger.settle(settleRequest(request.holdId, tokens, { outcome })).catch(unavailable);
    if (settled === null) {
      this.told.ended = true;
      return false;
    }
    const { charged } = settled as { charged: bigint };
    this.told.settled.set(request.holdId, charged);
    this.#hear('settled', request.holdId, charged);
    return true;
  }

  #request(random: () => number, amount: bigint): HoldRequest {
    const { keys, guarded = false, shared = [] } = this.#options;
    const keyId = pick(random, keys);
    const lines = [SOURCE, keyId].map((accountId) => ({ accountId, amount }));
    const isShared = shared.length > 0 && random() < 0.2;
    return holdRequest(amount, {
      keyId,
      lines,
      ...(guarded && random() < 0.1 ? { guarded: true, proof: 'count' as const } : {}),
      ...(isShared ? { idempotency: { route: 'chat', key: pick(random, shared), bodyMac: 'body' } } : {}),
    });
  }
}

/** A ledger that is closed under its callers is a test's that has failed already. */
function unavailable({ code, message }: { code?: string; message?: string }): null {
  if (code !== 'LEDGER_UNAVAILABLE' && code !== 'LEDGER_CLOSED') throw new Error(`a caller was told ${code}: ${message}`);
  return null;
}
