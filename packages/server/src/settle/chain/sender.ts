import { type Hex, TallyError } from '@tallystick/core';
import { type Abi, keccak256 } from 'viem';
import type { Clock } from '#ground/clock';
import { describe } from '#ground/describe';
import type { Log } from '#ground/log';
import { type Broadcast, broadcast, broadcastOf, feesNow } from './broadcast.ts';
import { type Fees, firstFees, risenFees } from './fees.ts';
import {
  digestOf,
  foldIntent,
  foldIntents,
  type Intent,
  type IntentJournal,
  type IntentRecord,
  type IntentState,
  isIntentId,
  type Outcome,
  type Version,
} from './intents.ts';
import { NodeError } from './node-error.ts';
import type { Nodes } from './nodes.ts';
import { blockThere } from './reads.ts';
import { revertReason } from './replay.ts';
import { asRevert } from './revert.ts';
import { lookAt, type Mined, nonceAt, type Sight } from './send-look.ts';
import type { TransactionSigner } from './signer.ts';
import { quantity, toBigint } from './wire-values.ts';

/** Base takes no transaction above this. */
export const GAS_MAX = 16_777_216n;

export type SenderOptions = {
  readonly nodes: Nodes;
  readonly signer: TransactionSigner;
  readonly chainId: number;
  readonly journal: IntentJournal;
  /** ABIs of the contracts that are called: their errors are told by name. */
  readonly abis: readonly Abi[];
  /** Wei per gas that is never passed. */
  readonly feeCap: bigint;
  readonly tipMin: bigint;
  /** A transaction that waits this long is sent again with a higher fee; one whose nonce is taken for this long is given up. */
  readonly bumpMs: number;
  readonly pollMs: number;
  /** Transactions on their way at a time. */
  readonly inFlightMax: number;
  /** A nonce that a stranger took this many blocks ago stays taken. */
  readonly takenDepthBlocks: number;
  readonly clock: Clock;
  readonly log: Log;
};

export const SENDER_DEFAULTS = {
  feeCap: 200_000_000_000n,
  tipMin: 1_000_000n,
  bumpMs: 30_000,
  pollMs: 2000,
  inFlightMax: 8,
  takenDepthBlocks: 12,
} as const satisfies Partial<SenderOptions>;

export type Trouble = 'CHAIN_STUCK' | 'CHAIN_FUNDS_LOW' | 'CHAIN_NODE_FAILED';
export type OpenIntent = { readonly id: string; readonly nonce: bigint; readonly hash: Hex | null; readonly trouble: Trouble | null };

/** What is known of an open intent beyond its records: it is found out anew after a restart. */
type Live = {
  mined: Mined | null;
  raisedAt: number;
  takenAt: number | null;
  trouble: Trouble | null;
  readonly done: PromiseWithResolvers<Outcome>;
};

/**
 * Sends the transactions of one account, one nonce each. An intent and every signed form of it are durable before a node sees them, so a crash
 * or a lost answer can neither lose a payment nor make it twice: after a restart the same bytes are sent, and only fees ever change.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #states: Map<string, IntentState>;
  readonly #live = new Map<string, Live>();
  #queue: Promise<unknown> = Promise.resolve();
  #ticking: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** Of the latest look. Before the first, nothing counts as deep. */
  #head = 0n;
  #isClosed = false;

  private constructor(options: SenderOptions, states: Map<string, IntentState>) {
    this.#options = options;
    this.#states = states;
    for (const { intent } of this.#open()) this.#enliven(intent.id);
    this.#schedule();
  }

  /** Goes on with what the journal holds. Only one sender may be open for an account. */
  static async open(options: SenderOptions): Promise<Sender> {
    return new Sender(options, foldIntents(await options.journal.load()));
  }

  get address(): Hex {
    return this.#options.signer.address;
  }

  /** What is on its way, in the order of nonces. */
  get open(): readonly OpenIntent[] {
    return this.#open().map(({ intent: { id }, nonce, versions }) => {
      return { id, nonce, hash: versions.at(-1)?.hash ?? null, trouble: this.#live.get(id)?.trouble ?? null };
    });
  }

  /**
   * Does an intent once, however often it is asked for: an id that is known is not sent again.
   * @returns when it has its confirmations; a transaction that reverted is an outcome too.
   * @throws ChainRevert where the call would revert, CHAIN_GAS_TOO_MUCH, CHAIN_UNREACHABLE: nothing was sent, and the id is free.
   * @throws TallyError STATE_INVALID where the id stands for another payment; CHAIN_REPLACED.
   */
  async send(intent: Intent): Promise<Outcome> {
    if (!isIntentId(intent.id)) throw new TallyError('INPUT_INVALID', 'An intent has an id of 1 to 128 plain characters.');
    if (!Number.isSafeInteger(intent.confirmations) || intent.confirmations < 1) {
      throw new TallyError('INPUT_INVALID', 'An intent wants 1 confirmation or more.');
    }
    // One after the other: the second of two with the same id must see the first.
    const begun = this.#queue.then(() => this.#begin(intent));
    this.#queue = begun.catch(() => {});
    await begun;
    return this.outcome(intent.id);
  }

  /** @throws TallyError NOT_FOUND; CHAIN_REPLACED; SHUTTING_DOWN where the sender is closed first: the intent goes on at the next start. */
  async outcome(id: string): Promise<Outcome> {
    const state = this.#states.get(id);
    if (state === undefined) throw new TallyError('NOT_FOUND', 'There is no such intent.');
    if (state.end === 'replaced') throw new TallyError('CHAIN_REPLACED', undefined, { nonce: Number(state.nonce) });
    return state.end ?? this.#enliven(id).done.promise;
  }

  /** Looks at the chain now and does what is due. Never throws. One look at a time. */
  tick(): Promise<void> {
    this.#ticking ??= this.#tick()
      .catch((cause: unknown) => this.#options.log.warn({ cause: describe(cause) }, 'transactions could not be looked after'))
      .finally(() => {
        this.#ticking = null;
        this.#schedule();
      });
    return this.#ticking;
  }

  /** Stops looking. What is on its way stays so, and is found again by the next sender on the same journal. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    // Twice: what waits for room in the queue must wake, and what was on its way through it must end.
    this.#abandon();
    await this.#queue;
    await this.#ticking;
    this.#abandon();
    await this.#options.journal.close();
  }

  #abandon(): void {
    for (const { done } of this.#live.values()) done.reject(new TallyError('SHUTTING_DOWN'));
  }

  async #begin(intent: Intent): Promise<void> {
    const known = this.#states.get(intent.id);
    if (known !== undefined) {
      if (known.digest === digestOf(intent)) return;
      throw new TallyError('STATE_INVALID', 'This intent id stands for another payment.');
    }
    while (!this.#isClosed && this.#open().length >= this.#options.inFlightMax) await this.#ended();
    if (this.#isClosed) throw new TallyError('SHUTTING_DOWN');
    const { nonce, gas, fees } = await this.#prepare(intent);
    const version = await this.#sign(intent, nonce, gas, fees);
    await this.#record({ t: 'intent', intent, nonce, gas }, { t: 'version', id: intent.id, version });
    this.#enliven(intent.id);
    this.#heed(intent.id, await broadcast(this.#options.nodes, version));
    this.#schedule();
  }

  async #ended(): Promise<void> {
    const waits = this.#open().map(({ intent }) => this.#enliven(intent.id).done.promise);
    await Promise.race(waits.map((wait) => wait.catch(() => {})));
  }

  /** All that can fail without a trace: gas, nonce and fee are found before anything is written down. */
  async #prepare({ to, data, value }: Intent): Promise<{ readonly nonce: bigint; readonly gas: bigint; readonly fees: Fees }> {
    const { nodes, abis, feeCap, tipMin } = this.#options;
    const highest = [...this.#states.values()].reduce((most, { nonce }) => (nonce > most ? nonce : most), -1n);
    const isIdle = this.#open().length === 0;
    return nodes.use(async (rpc) => {
      const latest = await nonceAt(rpc, this.address, 'latest');
      // With nothing on its way, all that was ever done here must be counted there. A node that forgot it would give a used nonce.
      if (isIdle && latest <= highest)
        throw new TallyError('CHAIN_UNREACHABLE', 'The node does not know transactions that were confirmed.');
      const pending = await nonceAt(rpc, this.address, 'pending');
      const nonce = [latest, pending, highest + 1n].reduce((a, b) => (a > b ? a : b));
      const call = { from: this.address, to, data, value: quantity(value) };
      // What is on its way may be what this one stands on.
      const gas = await rpc('eth_estimateGas', [call, isIdle ? 'latest' : 'pending'])
        .then((answer) => toBigint(answer, 'gas'))
        .catch((error: unknown) => {
          if (error instanceof NodeError && broadcastOf(error) === 'poor') throw this.#poor();
          throw asRevert(error, abis) ?? error;
        });
      if (gas > GAS_MAX) throw new TallyError('CHAIN_GAS_TOO_MUCH', undefined, { gas: Number(gas), max: Number(GAS_MAX) });
      const margin = gas + gas / 4n;
      const limit = margin < GAS_MAX ? margin : GAS_MAX;
      const { baseFee, tip } = await feesNow(rpc, tipMin);
      const fees = firstFees(baseFee, tip, feeCap);
      const balance = toBigint(await rpc('eth_getBalance', [this.address, 'latest']), 'balance');
      // What is on its way may take more of it: that shows at the broadcast, and is told.
      if (balance < value + limit * fees.max) throw this.#poor();
      return { nonce, gas: limit, fees };
    });
  }

  #poor(): TallyError {
    return new TallyError('CHAIN_FUNDS_LOW', undefined, { account: this.address });
  }

  async #sign({ to, data, value }: Intent, nonce: bigint, gas: bigint, fees: Fees): Promise<Version> {
    const { signer, chainId } = this.#options;
    const raw = await signer.sign({ chainId, nonce, to, data, value, gas, fees });
    return { hash: keccak256(raw), raw, fees };
  }

  /** On disk first, then here. */
  async #record(...records: readonly IntentRecord[]): Promise<void> {
    await this.#options.journal.append(records);
    for (const record of records) foldIntent(this.#states, record);
  }

  async #tick(): Promise<void> {
    const { nodes, takenDepthBlocks } = this.#options;
    // Or the first look of a long-lived account would be at all that it ever did.
    if (this.#head === 0n) this.#head = (await nodes.use((rpc) => blockThere(rpc, 'latest'))).number;
    const watched = [...this.#shallow(), ...this.#open()];
    if (watched.length === 0 || this.#isClosed) return;
    const { head, sights } = await nodes.use((rpc) => lookAt(rpc, this.address, watched, takenDepthBlocks));
    this.#head = head.number;
    for (const [i, state] of watched.entries()) {
      if (this.#isClosed) return;
      if (state.end === null) await this.#act(state, sights[i] as Sight);
      else await this.#restore(state, sights[i] as Sight);
    }
  }

  /** Has its confirmations, and lost its block all the same: the same bytes are sent again, and the nonces after it go on. */
  async #restore({ intent, versions }: IntentState, sight: Sight): Promise<void> {
    const last = versions.at(-1);
    if (sight.is !== 'waiting' || sight.isKnown || last === undefined) return;
    this.#options.log.error({ intent: intent.id }, 'a transaction that was done was orphaned: it is sent again');
    await broadcast(this.#options.nodes, last);
  }

  /** What has ended and is not deep yet. */
  #shallow(): IntentState[] {
    const { takenDepthBlocks } = this.#options;
    return [...this.#states.values()].filter(({ end, versions }) => {
      return end !== null && end !== 'replaced' && versions.length > 0 && end.block + BigInt(takenDepthBlocks) > this.#head;
    });
  }

  async #act(state: IntentState, sight: Sight): Promise<void> {
    const { id, confirmations } = state.intent;
    const live = this.#enliven(id);
    if (sight.is === 'mined') {
      live.mined = sight.mined;
      live.takenAt = null;
      live.trouble = null;
      if (sight.confirmations >= BigInt(confirmations)) await this.#finish(state, sight.mined);
      return;
    }
    if (sight.is === 'taken') {
      // A node may lack a receipt for a while that it will have: one look is not enough to give a payment up.
      const now = this.#options.clock.monotonicMs();
      live.takenAt ??= now;
      if (now - live.takenAt < this.#options.bumpMs) return;
      await this.#record({ t: 'replaced', id });
      this.#options.log.error({ intent: id, nonce: String(state.nonce) }, 'another transaction took the nonce of an intent');
      live.done.reject(new TallyError('CHAIN_REPLACED', undefined, { nonce: Number(state.nonce) }));
      this.#live.delete(id);
      return;
    }
    live.takenAt = null;
    const last = state.versions.at(-1);
    if (live.mined !== null) {
      this.#options.log.warn({ intent: id, block: String(live.mined.block) }, 'the block of a transaction was orphaned: it is sent again');
      live.mined = null;
    }
    if (last === undefined) await this.#raise(state, live);
    else if (sight.isNext && this.#options.clock.monotonicMs() - live.raisedAt >= this.#options.bumpMs) await this.#raise(state, live);
    else if (!sight.isKnown) this.#heed(id, await broadcast(this.#options.nodes, last));
  }

  /** Signs it anew with a higher fee, up to the cap; at the cap it says so, and has the same bytes sent again. */
  async #raise({ intent, nonce, gas, versions }: IntentState, live: Live): Promise<void> {
    const { nodes, feeCap, tipMin, clock } = this.#options;
    const { baseFee, tip } = await nodes.use((rpc) => feesNow(rpc, tipMin));
    const now = firstFees(baseFee, tip, feeCap);
    let last = versions.at(-1);
    live.raisedAt = clock.monotonicMs();
    for (;;) {
      const fees = last === undefined ? now : risenFees(last.fees, now, feeCap);
      if (fees === null) {
        this.#tell(intent.id, 'CHAIN_STUCK');
        if (last !== undefined) await broadcast(nodes, last);
        return;
      }
      const version = await this.#sign(intent, nonce, gas, fees);
      await this.#record({ t: 'version', id: intent.id, version });
      const became = await broadcast(nodes, version);
      last = version;
      // A node that wants more is given more at once: the cap ends this.
      if (became !== 'cheap') return this.#heed(intent.id, became);
    }
  }

  #heed(id: string, became: Broadcast): void {
    const live = this.#enliven(id);
    // The next look raises it, without waiting.
    if (became === 'cheap') live.raisedAt = Number.NEGATIVE_INFINITY;
    if (became === 'poor') this.#tell(id, 'CHAIN_FUNDS_LOW');
    else if (became === 'refused') this.#tell(id, 'CHAIN_NODE_FAILED');
    else if (became === 'there') live.trouble = null;
  }

  #tell(id: string, trouble: Trouble): void {
    const live = this.#enliven(id);
    if (live.trouble !== trouble) this.#options.log.error({ intent: id, trouble, account: this.address }, 'a transaction does not get on');
    live.trouble = trouble;
  }

  async #finish(state: IntentState, { hash, block, status }: Mined): Promise<void> {
    const { nodes, abis } = this.#options;
    const { intent } = state;
    const reason = status === 'success' ? null : await revertReason(nodes, this.address, state, block, abis);
    const outcome: Outcome = { id: intent.id, hash, block, status, reason };
    await this.#record({ t: 'done', outcome });
    this.#enliven(intent.id).done.resolve(outcome);
    this.#live.delete(intent.id);
  }

  #open(): IntentState[] {
    return [...this.#states.values()].filter(({ end }) => end === null).sort((a, b) => (a.nonce < b.nonce ? -1 : 1));
  }

  #enliven(id: string): Live {
    const found = this.#live.get(id);
    if (found !== undefined) return found;
    const made: Live = {
      mined: null,
      raisedAt: this.#options.clock.monotonicMs(),
      takenAt: null,
      trouble: null,
      done: Promise.withResolvers(),
    };
    // Nobody need wait for it.
    made.done.promise.catch(() => {});
    this.#live.set(id, made);
    return made;
  }

  #schedule(): void {
    if (this.#isClosed || this.#timer !== null || (this.#open().length === 0 && this.#shallow().length === 0)) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.tick();
    }, this.#options.pollMs);
  }
}
