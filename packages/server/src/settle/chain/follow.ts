import { type BooksContext, type ChainBooks, TallyError } from '@tallystick/core';
import { describe } from '#ground/describe';
import type { Log } from '#ground/log';
import type { Contracts } from './contracts.ts';
import type { Nodes } from './nodes.ts';
import type { ChainStore } from './store.ts';
import { WATCHER_DEFAULTS, Watcher, type WatcherListener, type WatcherOptions } from './watcher.ts';

export type FollowOptions = Partial<Omit<WatcherOptions, 'listener'>> & {
  readonly nodes: Nodes;
  readonly contracts: Contracts;
  readonly context: BooksContext;
  readonly fromBlock: bigint;
  readonly store: ChainStore;
  readonly log: Log;
  /** Between two looks at the head. */
  readonly pollMs: number;
  /** After an error; doubled with each further one up to 16 times as much. */
  readonly retryMs: number;
  readonly listener?: WatcherListener;
};

export type FollowStatus = {
  readonly headBlock: bigint;
  /** Null while nothing is final. */
  readonly finalBlock: bigint | null;
  readonly isAtHead: boolean;
  /** Why it does not go on now; null where it does. `CHAIN_REORG_TOO_DEEP` and `CHAIN_BOOKS_WRONG` need a person. */
  readonly trouble: string | null;
  readonly mismatches: bigint;
};

export type Followed = {
  /** The books up to the head: money in them may yet be orphaned. */
  readonly books: () => ChainBooks;
  /** The books of final blocks: what may be relied on. */
  readonly finalBooks: () => ChainBooks;
  readonly status: () => FollowStatus;
  /** Resolves when the head was reached for the first time. */
  readonly caughtUp: Promise<void>;
  /** Waits for no node: what is being read is dropped, what is being written is written. Then a snapshot is, and the store is closed. */
  readonly stop: () => Promise<void>;
};

/** These stand until the head is reached: books that are begun again may end where they did before. */
const NEEDS_A_PERSON: readonly string[] = ['CHAIN_REORG_TOO_DEEP', 'CHAIN_BOOKS_WRONG'];

/**
 * Follows the chain until it is stopped. The store is closed by `stop`, and where this throws.
 * @throws TallyError CHAIN_BOOKS_WRONG where what is stored cannot be used.
 */
export async function followChain(options: FollowOptions): Promise<Followed> {
  const { log, pollMs, retryMs, store } = options;
  const ending = new AbortController();
  const watcher = await openWatcher(options, ending.signal);
  const caughtUp = Promise.withResolvers<void>();
  let trouble: string | null = null;
  let cause: string | null = null;
  let isAtHead = false;
  let failures = 0;
  let wake = () => {};
  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  /** @returns for how long nothing is asked then. */
  const look = async (): Promise<number> => {
    try {
      const step = await watcher.step();
      isAtHead = step.isAtHead;
      if (trouble !== null && (isAtHead || !NEEDS_A_PERSON.includes(trouble))) {
        log.info({ block: String(watcher.headBlock.number) }, 'the chain is followed again');
        trouble = cause = null;
      }
      if (isAtHead) {
        failures = 0;
        caughtUp.resolve();
      }
      // A node that has a higher head and not the blocks that lead there is asked again no sooner than one that has nothing new.
      return isAtHead || !step.hasMoved ? pollMs : 0;
    } catch (error) {
      if (ending.signal.aborted) return 0;
      const now = describe(error);
      if (now !== cause) log.error({ cause: now, block: String(watcher.headBlock.number) }, 'the chain cannot be followed');
      cause = now;
      trouble = error instanceof TallyError ? error.code : 'INTERNAL';
      isAtHead = false;
      failures += 1;
      return retryMs * 2 ** Math.min(4, failures - 1);
    }
  };
  const run = async () => {
    while (!ending.signal.aborted) {
      const pauseMs = await look();
      if (pauseMs > 0 && !ending.signal.aborted) await sleep(pauseMs);
    }
  };
  const running = run();
  const status = (): FollowStatus => ({
    headBlock: watcher.headBlock.number,
    finalBlock: watcher.finalBlock < options.fromBlock ? null : watcher.finalBlock,
    isAtHead,
    trouble,
    mismatches: watcher.final.mismatchCount,
  });
  const stop = async () => {
    ending.abort();
    wake();
    await running;
    try {
      await watcher.snapshot();
    } finally {
      await store.close();
    }
  };
  return { books: () => watcher.head, finalBooks: () => watcher.final, status, caughtUp: caughtUp.promise, stop };
}

async function openWatcher(options: FollowOptions, signal: AbortSignal): Promise<Watcher> {
  try {
    return await Watcher.open({ ...WATCHER_DEFAULTS, ...options, listener: told(options), signal });
  } catch (error) {
    await options.store.close();
    throw error;
  }
}

function told({ log, listener = {} }: FollowOptions): WatcherListener {
  return {
    ...listener,
    onRollback: (block, orphaned) => {
      log.warn({ block: String(block), orphaned }, 'blocks of the chain were orphaned');
      listener.onRollback?.(block, orphaned);
    },
    onMismatch: (mismatch, count) => {
      const { contract, name, block, what } = mismatch;
      log.error({ contract, event: name, block: String(block), what, count: String(count) }, 'events of the chain do not add up');
      listener.onMismatch?.(mismatch, count);
    },
  };
}
