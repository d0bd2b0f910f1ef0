import { type Hex, TallyError } from '@tallystick/core';
import { keccak256 } from 'viem';
import { describe } from '#ground/describe';
import { type Broadcast, broadcast, feesNow } from './broadcast.ts';
import { type Fees, firstFees, risenFees } from './fees.ts';
import {
  digestOf,
  foldIntent,
  type Intent,
  type IntentState,
  type IntentStep,
  isIntentId,
  loadIntents,
  type Outcome,
  type Owner,
  type Replaced,
  type Version,
} from './intents.ts';
import { noncesOf, prepare } from './prepare.ts';
import { blockThere } from './reads.ts';
import { revertReason } from './replay.ts';
import { lookAt, type Mined, type Sight } from './send-look.ts';
import { isTaken } from './send-taken.ts';
import type { SenderOptions } from './sender-options.ts';

export type Trouble = 'CHAIN_STUCK' | 'CHAIN_FUNDS_LOW' | 'CHAIN_NODE_FAILED';
export type OpenIntent = { readonly id: string; readonly nonce: bigint; readonly hash: Hex | null; readonly trouble: Trouble | null };

/** What is known of an open intent beyond its records: it is found out anew after a restart. */
type Live = {
  mined: Mined | null;
  raisedAt: number;
  takenAt: number | null;
  /** Since when a nonce before it is used by nothing and held by nothing. */
  behindAt: number | null;
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
  /** Resolves at the end of the next look. */
  #looked = Promise.withResolvers<void>();
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

  /**
   * Goes on with what the journal holds. Only one sender may be open for an account.
   * @throws TallyError CHAIN_BOOKS_WRONG where the journal is of another account or chain; it is the caller's to close then.
   */
  static async open(options: SenderOptions): Promise<Sender> {
    const { journal, chainId, signer } = options;
    return new Sender(options, await loadIntents(journal, { chainId, account: signer.address }));
  }

  get address(): Hex {
    return this.#options.signer.address;
  }

  get #owner(): Owner {
    return { chainId: this.#options.chainId, account: this.address };
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
    if (state.end?.status === 'replaced') throw new TallyError('CHAIN_REPLACED', undefined, { nonce: Number(state.nonce) });
    return state.end ?? this.#enliven(id).done.promise;
  }

  /** Looks at the chain now and does what is due. Never throws. One look at a time. */
  tick(): Promise<void> {
    this.#ticking ??= this.#tick()
      .catch((cause: unknown) => this.#options.log.warn({ cause: describe(cause) }, 'transactions could not be looked after'))
      .finally(() => {
        this.#ticking = null;
        this.#looked.resolve();
        this.#looked = Promise.withResolvers();
        this.#schedule();
      });
    return this.#ticking;
  }

  /** Stops looking. What is on its way stays so, and is found again by the next sender on the same journal. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    // What waits for room in the queue must wake. What was on its way through it must end, too: hence twice.
    this.#looked.resolve();
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
    while (!this.#isClosed && this.#inFlight() >= this.#options.inFlightMax) await this.#looked.promise;
    if (this.#isClosed) throw new TallyError('SHUTTING_DOWN');
    const nonces = noncesOf(this.#states.values(), (id) => this.#isStranded(this.#enliven(id)));
    const { nonce, gas, fees } = await this.#options.nodes.use((rpc) => prepare(rpc, this.#owner, intent, nonces, this.#options));
    const version = await this.#sign(intent, nonce, gas, fees);
    await this.#record({ t: 'intent', intent, nonce, gas }, { t: 'version', id: intent.id, version });
    this.#enliven(intent.id);
    this.#heed(intent.id, await broadcast(this.#options.nodes, version));
    this.#schedule();
  }

  /** What waits behind a missing nonce takes no place from what may fill it. */
  #inFlight(): number {
    return this.#open().filter(({ intent }) => !this.#isStranded(this.#enliven(intent.id))).length;
  }

  #isStranded({ behindAt }: Live): boolean {
    const { bumpMs, clock } = this.#options;
    return behindAt !== null && clock.monotonicMs() - behindAt >= bumpMs;
  }

  async #sign({ to, data, value }: Intent, nonce: bigint, gas: bigint, fees: Fees): Promise<Version> {
    const { signer, chainId } = this.#options;
    const raw = await signer.sign({ chainId, nonce, to, data, value, gas, fees });
    return { hash: keccak256(raw), raw, fees };
  }

  /** On disk first, then here. */
  async #record(...records: readonly IntentStep[]): Promise<void> {
    await this.#options.journal.append(records);
    for (const record of records) foldIntent(this.#states, record);
  }

  async #tick(): Promise<void> {
    const { nodes, takenDepthBlocks } = this.#options;
    // Or the first look of a long-lived account would be at all that it ever did.
    if (this.#head === 0n) this.#head = (await nodes.use((rpc) => blockThere(rpc, 'latest'))).number;
    const watched = [...this.#shallow(), ...this.#open()];
    if (watched.length === 0 || this.#isClosed) return;
    const { head, missing, sights } = await nodes.use((rpc) => lookAt(rpc, this.#owner, watched, takenDepthBlocks));
    this.#head = head.number;
    for (const [i, state] of watched.entries()) {
      if (this.#isClosed) return;
      const sight = sights[i] as Sight;
      if (state.end === null) await this.#act(state, sight, state.nonce > missing);
      else if (state.end.status === 'replaced') await this.#revive(state, sight);
      else await this.#recheck(state, state.end, sight);
    }
  }

  /** Had its confirmations. Where a fork took it out all the same, it is open again, and told of anew once it has ended. */
  async #recheck(state: IntentState, end: Outcome, sight: Sight): Promise<void> {
    const { id } = state.intent;
    if (sight.is === 'used' || !this.#isShallow(end)) return;
    if (sight.is === 'mined') {
      const { hash, block, status } = sight.mined;
      if (hash === end.hash && block === end.block && status === end.status) return;
      if (status !== end.status)
        this.#options.log.error({ intent: id, was: end.status, is: status }, 'a transaction that was done has another outcome');
    }
    // A node that has not read that far yet tells nothing.
    if (sight.is === 'waiting' && this.#head < end.block) return;
    if (sight.is !== 'mined') this.#options.log.error({ intent: id }, 'a transaction that was done was orphaned: it is open again');
    await this.#record({ t: 'undone', id });
    await this.#act(this.#states.get(id) as IntentState, sight, false);
  }

  /** Was given up, and is mined all the same: a fork gave its nonce back. */
  async #revive(state: IntentState, sight: Sight): Promise<void> {
    const { id, confirmations } = state.intent;
    if (sight.is !== 'mined' || sight.confirmations < BigInt(confirmations)) return;
    this.#options.log.error({ intent: id, nonce: String(state.nonce) }, 'an intent that was given up is mined after all');
    await this.#record({ t: 'undone', id });
    await this.#finish(this.#states.get(id) as IntentState, sight.mined);
  }

  /** What has ended and is not deep yet. */
  #shallow(): IntentState[] {
    return [...this.#states.values()].filter(({ end, versions }) => end !== null && versions.length > 0 && this.#isShallow(end));
  }

  #isShallow({ block }: Outcome | Replaced): boolean {
    return block + BigInt(this.#options.takenDepthBlocks) > this.#head;
  }

  /** @param isBehind a nonce before it is used by nothing and held by nothing. */
  async #act(state: IntentState, sight: Sight, isBehind: boolean): Promise<void> {
    const { id, confirmations } = state.intent;
    const live = this.#enliven(id);
    this.#mindGap(id, live, isBehind);
    if (sight.is === 'mined') {
      live.mined = sight.mined;
      live.takenAt = null;
      live.trouble = null;
      if (sight.confirmations >= BigInt(confirmations)) await this.#finish(state, sight.mined);
      return;
    }
    if (sight.is === 'taken') return this.#giveUp(state, live);
    live.takenAt = null;
    if (sight.is === 'used') return;
    const last = state.versions.at(-1);
    if (live.mined !== null) {
      this.#options.log.warn({ intent: id, block: String(live.mined.block) }, 'the block of a transaction was orphaned: it is sent again');
      live.mined = null;
    }
    if (last === undefined) await this.#raise(state, live);
    else if (sight.isNext && this.#options.clock.monotonicMs() - live.raisedAt >= this.#options.bumpMs) await this.#raise(state, live);
    else if (!sight.isKnown && !this.#isStranded(live)) this.#heed(id, await broadcast(this.#options.nodes, last));
  }

  /** A transaction that was dropped or orphaned, or a node that miscounted, leaves a nonce free: what comes after it can only wait, and says so. */
  #mindGap(id: string, live: Live, isBehind: boolean): void {
    if (isBehind) {
      live.behindAt ??= this.#options.clock.monotonicMs();
      if (this.#isStranded(live)) this.#tell(id, 'CHAIN_STUCK');
    } else if (live.behindAt !== null) {
      live.behindAt = null;
      live.trouble = null;
    }
  }

  /** A node may lack a receipt for a while that it will have, or for good: neither time nor silence is enough to give a payment up. */
  async #giveUp(state: IntentState, live: Live): Promise<void> {
    const { clock, bumpMs, nodes, log, takenDepthBlocks } = this.#options;
    const { id } = state.intent;
    const now = clock.monotonicMs();
    live.takenAt ??= now;
    if (now - live.takenAt < bumpMs) return;
    if (!(await isTaken(nodes, this.#owner, state, takenDepthBlocks))) {
      live.takenAt = now;
      this.#tell(id, 'CHAIN_NODE_FAILED');
      return;
    }
    await this.#record({ t: 'replaced', id, block: this.#head });
    log.error({ intent: id, nonce: String(state.nonce) }, 'another transaction took the nonce of an intent');
    live.done.reject(new TallyError('CHAIN_REPLACED', undefined, { nonce: Number(state.nonce) }));
    this.#live.delete(id);
  }

  /**
   * Signs it anew with a higher fee, up to the caps; there it says so, and has the same bytes sent again. Once a look: each signed form can be
   * mined, so a node that says no to each is not given them all at once.
   */
  async #raise({ intent, nonce, gas, versions }: IntentState, live: Live): Promise<void> {
    const { nodes, feeCap, tipCap, tipMin, clock } = this.#options;
    const caps = { max: feeCap, tip: tipCap };
    const { baseFee, tip } = await nodes.use((rpc) => feesNow(rpc, tipMin));
    const now = firstFees(baseFee, tip, caps);
    const last = versions.at(-1);
    live.raisedAt = clock.monotonicMs();
    const fees = last === undefined ? now : risenFees(last.fees, now, caps);
    if (fees === null) {
      this.#tell(intent.id, 'CHAIN_STUCK');
      if (last !== undefined) await broadcast(nodes, last);
      return;
    }
    const version = await this.#sign(intent, nonce, gas, fees);
    await this.#record({ t: 'version', id: intent.id, version });
    this.#heed(intent.id, await broadcast(nodes, version));
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
      behindAt: null,
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
