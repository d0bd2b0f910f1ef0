import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { booksContext, copyChainBooks, type Hex, TallyError } from '@tallystick/core';
import { systemClock } from '#ground/clock';
import { describe } from '#ground/describe';
import type { Log } from '#ground/log';
import { loadChain } from '#settle';
import { type BooksView, booksView } from './books-view.ts';
import type { Place } from './chain.ts';

type Client = Awaited<ReturnType<typeof loadChain>>;
type Followed = Awaited<ReturnType<Client['followChain']>>;
type Following = {
  readonly mode: Place['mode'];
  readonly store: string;
  readonly followed: Followed;
  readonly check: () => Promise<Report>;
};

/** A look at what is followed, as `tally` prints it. */
export type Report = {
  readonly ok: boolean;
  readonly findings: readonly { readonly check: string; readonly ok: boolean; readonly detail: string }[];
};

/** The books of the chain, rebuilt from its events and kept beside the daemon. Whatever becomes of them, the gateway serves. */
export type ChainBooksKeeper = {
  /** @throws CHAIN_UNREACHABLE while nothing is followed, CHAIN_BOOKS_WRONG where what is stored cannot be used. */
  view(): BooksView;
  /** Compares the books with the contracts' own views, unit for unit. @throws CHAIN_UNREACHABLE */
  verify(): Promise<Report>;
  stop(): Promise<void>;
};

/** How long between two looks for contracts, and between two looks at the head. Somebody else's node may count what it is asked. */
const PACE = { embedded: { lookMs: 500, pollMs: 1_000 }, rpc: { lookMs: 30_000, pollMs: 4_000 } } as const;
const RETRY_MS = 2_000;
/** Looks are made half as often after each failure, this many times. */
const SLOWER_MAX = 5;
/** Differences named one by one; the count tells of the others. */
const NAMED_MAX = 20;
/** The embedded chain has no blocks that are safe; others tell which are, and twelve on top of them cost nothing where those are behind anyway. */
const FINALITY = { embedded: { depthBlocks: 12, tag: null, canLoseEnd: true }, rpc: { depthBlocks: 12, tag: 'safe' } } as const;

/** The embedded chain can lose its last moment in a kill. Books are made of its events and of nothing else, so they are made anew. */
const MADE_ANEW: readonly (string | null)[] = ['CHAIN_REORG_TOO_DEEP', 'CHAIN_BOOKS_WRONG'];

/** @param place where the contracts are; null while they are nowhere. */
export function keepBooks(mode: Place['mode'], folder: string, place: () => Promise<Place | null>, log: Log): ChainBooksKeeper {
  let following: Following | null = null;
  let failure: unknown = null;
  /** Failures, and books made anew, since the books were at the head. */
  let setbacks = 0;
  let isStopped = false;
  let wake = () => {};
  const pause = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PACE[mode].lookMs * 2 ** Math.min(SLOWER_MAX, setbacks));
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const look = async (): Promise<void> => {
    if (following === null) {
      const there = await place();
      if (there !== null && !isStopped) following = await open(there, folder, log);
      failure = null;
      return;
    }
    const { followed, store } = following;
    const { isAtHead, trouble } = followed.status();
    if (isAtHead) setbacks = 0;
    if (following.mode !== 'embedded' || !MADE_ANEW.includes(trouble)) return;
    setbacks += 1;
    following = null;
    await followed.stop();
    forget(store, log);
  };
  const keep = async () => {
    while (!isStopped) {
      try {
        await look();
      } catch (error) {
        // A full disk or a record that somebody is mending may be well the next time.
        if (describe(error) !== describe(failure)) log.error({ cause: describe(error) }, 'the books of the chain cannot be opened');
        failure = error;
        setbacks += 1;
      }
      if (!isStopped) await pause();
    }
  };
  const kept = keep();
  const current = (): Following => {
    if (following === null && failure !== null) throw failure;
    if (following === null) throw new TallyError('CHAIN_UNREACHABLE', 'No chain with contracts of ours is followed.');
    return following;
  };
  return {
    view: () => {
      const { followed } = current();
      return booksView(followed.books(), followed.status());
    },
    verify: () => current().check(),
    stop: async () => {
      isStopped = true;
      wake();
      await kept;
      await following?.followed.stop();
    },
  };
}

async function open(place: Place, folder: string, log: Log): Promise<Following> {
  const store = join(folder, `books-${place.deployment.chain_id}`);
  try {
    return await follow(place, store, log);
  } catch (error) {
    if (place.mode !== 'embedded' || !(error instanceof TallyError) || error.code !== 'CHAIN_BOOKS_WRONG') throw error;
    forget(store, log);
    return follow(place, store, log);
  }
}

function forget(store: string, log: Log): void {
  log.warn({}, 'the embedded chain is not the one that its books were of: they are made anew from its events');
  rmSync(store, { recursive: true, force: true });
}

async function follow({ urls, mode, deployment }: Place, store: string, log: Log): Promise<Following> {
  const client = await loadChain();
  const contracts = client.deployedContracts(deployment);
  const { chain_id: chainId } = deployment;
  // The embedded chain is short: read whole, its books have their beginning whatever its record says.
  const fromBlock = mode === 'embedded' ? 0 : deployment.from_block;
  const nodes = new client.Nodes({ ...client.NODES_DEFAULTS, nodes: client.httpNodes(urls), chainId, clock: systemClock, log });
  const followed = await client.followChain({
    nodes,
    contracts,
    context: booksContext(contracts.get('CreditVault')?.address as Hex),
    fromBlock: BigInt(fromBlock),
    store: await client.openFileStore(store, [chainId, fromBlock, ...contracts.addresses].join(':')),
    finality: FINALITY[mode],
    log,
    pollMs: PACE[mode].pollMs,
    retryMs: RETRY_MS,
  });
  const verify = async (extent: 'all' | 'whole'): Promise<Report> => {
    const at = { number: followed.status().headBlock, hash: null };
    // A copy: the books go on while the views are read.
    const verdict = await client.verifyBooks(nodes, contracts, copyChainBooks(followed.books()), at, extent);
    return reportOf(followed, verdict);
  };
  // A node that answers old ranges with nothing makes books that look right: once they are at the head they are held against the views.
  void followed.caughtUp
    .then(() => verify('whole'))
    .then(
      ({ findings }) => {
        for (const { check, detail } of findings.filter(({ ok }) => !ok))
          log.error({ check, detail }, 'the books of the chain are not what its contracts say');
      },
      (error: unknown) => log.warn({ cause: describe(error) }, 'the books of the chain could not be held against its contracts'),
    );
  let checking: Promise<Report> | null = null;
  // One at a time, however many ask: each is a copy of all books, and a question for each row of them.
  const check = () => {
    checking ??= verify('all').finally(() => {
      checking = null;
    });
    return checking;
  };
  return { mode, store, followed, check };
}

function reportOf(followed: Followed, verdict: Awaited<ReturnType<Client['verifyBooks']>>): Report {
  const { trouble, mismatches, finalBlock } = followed.status();
  const different = verdict.differences.slice(0, NAMED_MAX).map(({ what, key, books, chain }) => {
    return { check: what, ok: false, detail: `${key}: the books have ${books}, the chain ${chain}` };
  });
  const findings = [
    {
      check: 'followed',
      ok: trouble === null,
      detail: trouble ?? `to block ${verdict.block}; final ${finalBlock === null ? 'is nothing yet' : `to ${finalBlock}`}`,
    },
    { check: 'events', ok: mismatches === 0n, detail: `${followed.books().events} events, ${mismatches} that do not add up` },
    { check: 'views', ok: verdict.differenceCount === 0, detail: `${verdict.checked} figures compared, ${verdict.differenceCount} differ` },
    ...different,
  ];
  return { ok: findings.every(({ ok }) => ok), findings };
}
