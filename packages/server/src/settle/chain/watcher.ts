import {
  type BooksContext,
  CHAIN_BOOKS_VERSION,
  type ChainBooks,
  type ChainEvent,
  copyChainBooks,
  emptyChainBooks,
  enterChainEvents,
  type Hex,
  type Mismatch,
  packChainBooks,
  TallyError,
  unpackChainBooks,
} from '@tallystick/core';
import type { Contracts } from './contracts.ts';
import { type Anchor, type Finality, type Gathered, gather, type RecentBlock } from './gather.ts';
import type { Rpc } from './node.ts';
import { NodeError } from './node-error.ts';
import type { Nodes } from './nodes.ts';
import { Places } from './places.ts';
import { Ranges } from './ranges.ts';
import type { RawLog } from './reads.ts';
import type { ChainStore, FinalBatch } from './store.ts';

export type WatcherListener = {
  /** New events at the head; they may be orphaned yet. */
  readonly onEvents?: (events: readonly ChainEvent[]) => void;
  /** Events that are final, in order, once per start of the watcher. */
  readonly onFinal?: (events: readonly ChainEvent[]) => void;
  /** Blocks after `block` are gone, and with them their effects on the books of the head. */
  readonly onRollback?: (block: bigint, orphaned: number) => void;
  /** Final events do not add up. */
  readonly onMismatch?: (mismatch: Mismatch, count: bigint) => void;
};

export type WatcherOptions = {
  readonly nodes: Nodes;
  readonly contracts: Contracts;
  readonly context: BooksContext;
  /** The deployment's first block. */
  readonly fromBlock: bigint;
  readonly store: ChainStore;
  readonly finality: Finality;
  /** Blocks of logs asked for at a time, at most. */
  readonly rangeBlocksMax: number;
  /** Blocks at the head taken up in one step, at most. */
  readonly stepBlocksMax: number;
  /** A run of final blocks without events is written down once it is this long; a restart reads a shorter one again. */
  readonly quietBlocksMax: number;
  /** Batches between two snapshots. */
  readonly snapshotBatches: number;
  readonly listener: WatcherListener;
  /** Once it is aborted nothing more is asked, and a step that waits for a node ends with the signal's reason. */
  readonly signal?: AbortSignal;
};

export const WATCHER_DEFAULTS = {
  finality: { depthBlocks: 12, tag: null },
  rangeBlocksMax: 2000,
  stepBlocksMax: 64,
  quietBlocksMax: 500,
  snapshotBatches: 256,
  listener: {},
} as const satisfies Partial<WatcherOptions>;

/** `hasMoved`: there are more blocks in the books than before. */
export type Step = { readonly isAtHead: boolean; readonly hasMoved: boolean; readonly head: bigint; readonly final: bigint };

/** What a node told, decoded: events by block, or those of a range as one. */
type Look = { readonly got: Gathered; readonly events: readonly (readonly ChainEvent[])[] };

/** A node that so many times in a row has a higher head and not the blocks that lead there is left. */
const STALLS_MAX = 3;
/** As often a node may tell of no safe block where one was told before: it may have been started again. */
const UNTOLD_MAX = 30;

/**
 * Follows the events of all contracts. What is final is in `final` and on disk; `head` is the same and the blocks after it, kept in memory
 * only: when some of them are orphaned, the books of the head are made anew from the final ones.
 */
export class Watcher {
  readonly #options: WatcherOptions;
  readonly #ranges: Ranges;
  #final: ChainBooks;
  /** Null where it is the same as the final books, of which a copy is made when it is asked for. */
  #head: ChainBooks | null = null;
  #anchor: Anchor;
  /** Final blocks after this one are not in the store yet: they had no events, or the places are not known. */
  #stored: bigint;
  /** Nothing counts as final, and nothing is stored, before the registry told of every contract. */
  #places: Places;
  /** Logs of final blocks that wait for that. */
  #waiting: RawLog[] = [];
  #recent: RecentBlock[] = [];
  #batches = 0;
  #stalls = 0;
  #untold = 0;
  /** Books that an event was half entered into are never gone on with. */
  #broken: unknown = null;
  #told = 0n;

  private constructor(options: WatcherOptions, final: ChainBooks, anchor: Anchor) {
    this.#options = options;
    this.#ranges = new Ranges(options.rangeBlocksMax);
    this.#final = final;
    this.#anchor = anchor;
    this.#stored = anchor.number;
    this.#told = final.mismatchCount;
    this.#places = Places.of(options.contracts).afterBooks(final);
  }

  /** Goes on where the store ends. @throws TallyError CHAIN_BOOKS_WRONG */
  static async open(options: WatcherOptions): Promise<Watcher> {
    const { contracts, context, store, fromBlock } = options;
    let anchor: Anchor = { number: fromBlock - 1n, hash: null };
    const batches: FinalBatch[] = [];
    const unpack = (packed: unknown) => unpackChainBooks(packed, context);
    const snapshot = await store.load(CHAIN_BOOKS_VERSION, unpack, (batch) => batches.push(batch));
    const books = snapshot?.books ?? emptyChainBooks(context);
    if (snapshot !== null) anchor = { number: snapshot.to, hash: snapshot.hash };
    for (const batch of batches) {
      if (batch.from !== anchor.number + 1n || batch.to < batch.from) {
        throw new TallyError('CHAIN_BOOKS_WRONG', 'The journal of the chain has a gap.', { block: Number(anchor.number) });
      }
      enterChainEvents(books, decodeAll(contracts, batch.logs));
      anchor = { number: batch.to, hash: batch.hash };
    }
    return new Watcher(options, books, anchor);
  }

  /** All events up to the head. Not to be changed; replaced by another object where blocks are orphaned. */
  get head(): ChainBooks {
    this.#head ??= copyChainBooks(this.#final);
    return this.#head;
  }

  /** The events of final blocks; none before the registry told of every contract. Not to be changed. */
  get final(): ChainBooks {
    return this.#places.areKnown ? this.#final : emptyChainBooks(this.#options.context);
  }

  /** The block that `head` stands at. */
  get headBlock(): Anchor {
    return this.#recent.at(-1) ?? this.#anchor;
  }

  get finalBlock(): bigint {
    return this.#places.areKnown ? this.#anchor.number : this.#options.fromBlock - 1n;
  }

  get rangeSpan(): bigint {
    return this.#ranges.span;
  }

  /** Takes one step. One at a time. @throws TallyError: nothing of the step is done then, or all that is durable of it. */
  async step(): Promise<Step> {
    if (this.#broken !== null) throw this.#broken;
    const { nodes, signal } = this.#options;
    const before = { head: this.headBlock.number, final: this.#anchor.number };
    const { got, events } = await unlessAborted(
      nodes.use((rpc) => this.#look(rpc)),
      signal,
    );
    if (got.kind === 'range') await this.#takeRange(got, events.flat());
    else await this.#takeBlocks(got, events);
    const [head, final] = [this.headBlock.number, this.#anchor.number];
    const isAtHead = head >= got.head;
    if (isAtHead) this.#refuseWithoutPlaces();
    return { isAtHead, hasMoved: head > before.head || final > before.final, head, final: this.finalBlock };
  }

  /** Changes nothing of the books: it may be done again with another node. */
  async #look(rpc: Rpc): Promise<Look> {
    const { contracts, finality, stepBlocksMax, signal } = this.#options;
    const ask: Rpc = async (method, params) => {
      signal?.throwIfAborted();
      return rpc(method, params);
    };
    const position = { anchor: this.#anchor, recent: this.#recent };
    const options = { addresses: contracts.addresses, finality, ranges: this.#ranges, blocksMax: stepBlocksMax };
    const got = await gather(ask, position, options);
    this.#leaveIdle(got);
    const logs = got.kind === 'range' ? [got.logs] : got.blocks.map((block) => block.logs);
    return { got, events: logs.map((each) => decodeFrom(contracts, each)) };
  }

  /** One node that brings nothing must not keep the books where they are while another would. @throws NodeError */
  #leaveIdle(got: Gathered): void {
    const isStalled = got.kind === 'blocks' && got.blocks.length === 0 && got.head > got.keep;
    const isUntold = got.kind === 'blocks' && got.finalTo < 0n && this.#anchor.hash !== null;
    this.#stalls = isStalled ? this.#stalls + 1 : 0;
    this.#untold = isUntold ? this.#untold + 1 : 0;
    if (this.#stalls < STALLS_MAX && this.#untold < UNTOLD_MAX) return;
    this.#stalls = 0;
    this.#untold = 0;
    throw new NodeError('node', 'eth_getBlockByNumber', { words: 'no blocks up to its head, or none that is safe' });
  }

  /** Books that lack their beginning look right, so they are told, and begun again. Nothing of them is stored. */
  #refuseWithoutPlaces(): void {
    const missing = this.#places.areKnown ? null : this.#places.afterBooks(this.head).missing;
    if (missing === null) return;
    const { nodes, contracts, context, fromBlock } = this.#options;
    this.#final = emptyChainBooks(context);
    this.#head = null;
    this.#anchor = { number: fromBlock - 1n, hash: null };
    this.#stored = this.#anchor.number;
    this.#places = Places.of(contracts);
    this.#waiting = [];
    this.#recent = [];
    this.#told = 0n;
    nodes.distrust('tells of no contracts');
    throw new TallyError(
      'CHAIN_BOOKS_WRONG',
      'The registry tells of no deployment of a contract: the record’s first block is too late, or a node keeps logs back.',
      {
        contract: missing.name,
        from_block: Number(fromBlock),
      },
    );
  }

  /** Writes a snapshot, so that the next start need not read the journal. */
  async snapshot(): Promise<void> {
    const { number, hash } = this.#anchor;
    if (hash === null || this.#broken !== null || !this.#places.areKnown) return;
    const { store } = this.#options;
    if (this.#stored < number) {
      await store.append({ from: this.#stored + 1n, to: number, hash, logs: [] });
      this.#stored = number;
    }
    this.#batches = 0;
    await store.snapshot({ version: CHAIN_BOOKS_VERSION, to: number, hash, books: packChainBooks(this.#final) });
  }

  async #takeRange({ to, hash, logs }: Extract<Gathered, { kind: 'range' }>, events: readonly ChainEvent[]): Promise<void> {
    await this.#finalise({ number: to, hash }, logs, events);
    this.#head = null;
  }

  async #takeBlocks({ keep, blocks, finalTo }: Extract<Gathered, { kind: 'blocks' }>, events: Look['events']): Promise<void> {
    const { contracts, listener } = this.#options;
    const orphaned = this.#recent.filter(({ number }) => number > keep).length;
    if (orphaned > 0) {
      this.#recent = this.#recent.filter(({ number }) => number <= keep);
      this.#head = copyChainBooks(this.#final);
      for (const { logs } of this.#recent) this.#enter(this.#head, decodeAll(contracts, logs));
      listener.onRollback?.(keep, orphaned);
    }
    for (const [i, block] of blocks.entries()) {
      this.#enter(this.head, events[i] as readonly ChainEvent[]);
      this.#recent.push(block);
    }
    const fresh = events.flat();
    if (fresh.length > 0) listener.onEvents?.(fresh);
    const ended = this.#recent.filter(({ number }) => number <= finalTo);
    const last = ended.at(-1);
    if (last === undefined) return;
    const logs = ended.flatMap((block) => block.logs);
    await this.#finalise(last, logs, decodeAll(contracts, logs));
    this.#recent = this.#recent.slice(ended.length);
  }

  /** First on disk, then in the books. */
  async #finalise({ number, hash }: Anchor, logs: readonly RawLog[], events: readonly ChainEvent[]): Promise<void> {
    const { contracts, store, listener, quietBlocksMax, snapshotBatches } = this.#options;
    const { areKnown: wereKnown } = this.#places;
    const places = this.#places.afterEvents(events);
    const unwritten = wereKnown ? logs : [...this.#waiting, ...logs];
    const isWritten = places.areKnown && (unwritten.length > 0 || number - this.#stored >= BigInt(quietBlocksMax));
    if (isWritten) {
      await store.append({ from: this.#stored + 1n, to: number, hash: hash as Hex, logs: unwritten });
      this.#stored = number;
      this.#batches += 1;
    }
    this.#enter(this.#final, events);
    this.#anchor = { number, hash };
    this.#places = places;
    this.#waiting = places.areKnown ? [] : [...unwritten];
    const fresh = wereKnown ? events : decodeAll(contracts, unwritten);
    if (places.areKnown && fresh.length > 0) listener.onFinal?.(fresh);
    this.#tellMismatches();
    if (isWritten && this.#batches >= snapshotBatches) await this.snapshot();
  }

  #enter(books: ChainBooks, events: readonly ChainEvent[]): void {
    try {
      enterChainEvents(books, events);
    } catch (error) {
      this.#broken = error;
      throw error;
    }
  }

  #tellMismatches(): void {
    const { mismatches, mismatchCount } = this.#final;
    const latest = mismatches.at(-1);
    if (mismatchCount === this.#told || latest === undefined || !this.#places.areKnown) return;
    this.#told = mismatchCount;
    this.#options.listener.onMismatch?.(latest, mismatchCount);
  }
}

/** What a node says that no contract can have said is that node's fault, unless all say it. */
function decodeFrom(contracts: Contracts, logs: readonly RawLog[]): ChainEvent[] {
  try {
    return decodeAll(contracts, logs);
  } catch (error) {
    if (!(error instanceof TallyError)) throw error;
    throw new NodeError('node', 'eth_getLogs', { words: 'not decodable', verdict: error });
  }
}

/** Ends at once when the signal is aborted, whatever becomes of `work`: a slow node keeps nobody waiting. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function decodeAll(contracts: Contracts, logs: readonly RawLog[]): ChainEvent[] {
  return logs.flatMap((log) => contracts.decode(log) ?? []);
}
