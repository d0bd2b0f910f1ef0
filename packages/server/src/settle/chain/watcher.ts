import {
  type BooksContext,
  CHAIN_BOOKS_VERSION,
  type ChainBooks,
  type ChainEvent,
  copyChainBooks,
  emptyChainBooks,
  enterChainEvents,
  type Mismatch,
  packChainBooks,
  TallyError,
  unpackChainBooks,
} from '@tallystick/core';
import type { Contracts } from './contracts.ts';
import { type Anchor, type Finality, type Gathered, gather, type RecentBlock } from './gather.ts';
import type { Nodes } from './nodes.ts';
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
};

export const WATCHER_DEFAULTS = {
  finality: { depthBlocks: 12, tag: null },
  rangeBlocksMax: 2000,
  stepBlocksMax: 64,
  quietBlocksMax: 500,
  snapshotBatches: 256,
  listener: {},
} as const satisfies Partial<WatcherOptions>;

export type Step = { readonly isAtHead: boolean; readonly head: bigint; readonly final: bigint };

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
  /** Final blocks after this one are not in the store yet; they had no events. */
  #stored: bigint;
  #recent: RecentBlock[] = [];
  #batches = 0;
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
  }

  /** Goes on where the store ends. @throws TallyError CHAIN_BOOKS_WRONG */
  static async open(options: WatcherOptions): Promise<Watcher> {
    const { contracts, context, store, fromBlock } = options;
    let anchor: Anchor = { number: fromBlock - 1n, hash: null };
    const batches: FinalBatch[] = [];
    const snapshot = await store.load(CHAIN_BOOKS_VERSION, (batch) => batches.push(batch));
    const books = snapshot === null ? emptyChainBooks(context) : unpackChainBooks(snapshot.books, context);
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

  /** The events of final blocks. Not to be changed. */
  get final(): ChainBooks {
    return this.#final;
  }

  /** The block that `head` stands at. */
  get headBlock(): Anchor {
    return this.#recent.at(-1) ?? this.#anchor;
  }

  get finalBlock(): bigint {
    return this.#anchor.number;
  }

  get rangeSpan(): bigint {
    return this.#ranges.span;
  }

  /** Takes one step. One at a time. @throws TallyError: nothing of the step is done then, or all that is durable of it. */
  async step(): Promise<Step> {
    if (this.#broken !== null) throw this.#broken;
    const { nodes, contracts, finality, stepBlocksMax } = this.#options;
    const position = { anchor: this.#anchor, recent: this.#recent };
    const options = { addresses: contracts.addresses, finality, ranges: this.#ranges, blocksMax: stepBlocksMax };
    const got = await nodes.use((rpc) => gather(rpc, position, options));
    if (got.kind === 'range') await this.#takeRange(got);
    else await this.#takeBlocks(got);
    return { isAtHead: this.headBlock.number >= got.head, head: this.headBlock.number, final: this.#anchor.number };
  }

  /** Writes a snapshot, so that the next start need not read the journal. */
  async snapshot(): Promise<void> {
    const { number, hash } = this.#anchor;
    if (hash === null || this.#broken !== null) return;
    const { store } = this.#options;
    if (this.#stored < number) {
      await store.append({ from: this.#stored + 1n, to: number, hash, logs: [] });
      this.#stored = number;
    }
    this.#batches = 0;
    await store.snapshot({ version: CHAIN_BOOKS_VERSION, to: number, hash, books: packChainBooks(this.#final) });
  }

  async #takeRange({ to, hash, logs }: Extract<Gathered, { kind: 'range' }>): Promise<void> {
    await this.#finalise({ number: to, hash }, logs);
    this.#head = null;
  }

  async #takeBlocks({ keep, blocks, finalTo }: Extract<Gathered, { kind: 'blocks' }>): Promise<void> {
    const { contracts, listener } = this.#options;
    const orphaned = this.#recent.filter(({ number }) => number > keep).length;
    // Decoded before anything changes: a log that cannot be read leaves all as it was.
    const events = blocks.map(({ logs }) => decodeAll(contracts, logs));
    if (orphaned > 0) {
      this.#recent = this.#recent.filter(({ number }) => number <= keep);
      this.#head = copyChainBooks(this.#final);
      for (const { logs } of this.#recent) this.#enter(this.#head, decodeAll(contracts, logs));
      listener.onRollback?.(keep, orphaned);
    }
    for (const [i, block] of blocks.entries()) {
      this.#enter(this.head, events[i] as ChainEvent[]);
      this.#recent.push(block);
    }
    const fresh = events.flat();
    if (fresh.length > 0) listener.onEvents?.(fresh);
    const ended = this.#recent.filter(({ number }) => number <= finalTo);
    const last = ended.at(-1);
    if (last === undefined) return;
    const logs = ended.flatMap((block) => block.logs);
    await this.#finalise(last, logs);
    this.#recent = this.#recent.slice(ended.length);
  }

  /** First on disk, then in the books. */
  async #finalise({ number, hash }: { readonly number: bigint; readonly hash: `0x${string}` }, logs: readonly RawLog[]): Promise<void> {
    const { contracts, store, listener, quietBlocksMax, snapshotBatches } = this.#options;
    const events = decodeAll(contracts, logs);
    const isWritten = logs.length > 0 || number - this.#stored >= BigInt(quietBlocksMax);
    if (isWritten) {
      await store.append({ from: this.#stored + 1n, to: number, hash, logs });
      this.#stored = number;
      this.#batches += 1;
    }
    this.#enter(this.#final, events);
    this.#anchor = { number, hash };
    if (events.length > 0) listener.onFinal?.(events);
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
    if (mismatchCount === this.#told || latest === undefined) return;
    this.#told = mismatchCount;
    this.#options.listener.onMismatch?.(latest, mismatchCount);
  }
}

function decodeAll(contracts: Contracts, logs: readonly RawLog[]): ChainEvent[] {
  return logs.flatMap((log) => contracts.decode(log) ?? []);
}
