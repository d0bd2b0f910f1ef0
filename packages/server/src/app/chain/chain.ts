import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFoundry } from '@tallystick/contracts/foundry';
import { z } from 'zod';
import type { Config } from '#ground/config';
import type { Log } from '#ground/log';
import { loadChain } from '#settle';
import { type ChainBooksKeeper, keepBooks } from './books.ts';
import { type Embedded, startEmbedded } from './embedded.ts';
import { EMBEDDED_CHAIN_ID } from './keeper-lines.ts';

/** `none`: an embedded chain is wanted and there is no anvil. `rpc`: somebody else's nodes, on which nothing is ever deployed by itself. */
type Mode = 'embedded' | 'rpc' | 'off' | 'none';

export type ChainView = {
  readonly mode: Mode;
  readonly state: 'starting' | 'deploying' | 'ready' | 'failed' | 'stopped' | 'off';
  readonly chain_id: number | null;
  /** Without what may be a key in it. */
  readonly rpc: string | null;
  /** Why there is no chain, or none with contracts. */
  readonly reason: string | null;
  /** As `deployment.json` has it. */
  readonly deployment: RecordHere | null;
};

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);
/** What is needed of the record of a deployment; what else it tells is shown as it stands. */
const recordSchema = z.looseObject({
  chain_id: z.int().positive(),
  registry: address,
  from_block: z.int().nonnegative(),
  contracts: z.record(z.string(), z.looseObject({ address })),
});
type RecordHere = z.output<typeof recordSchema>;

/** Where contracts of ours are: the nodes to ask, and the record of the deployment. */
export type Place = { readonly urls: readonly string[]; readonly mode: 'embedded' | 'rpc'; readonly deployment: RecordHere };

/** The chain that this daemon works with. Whatever becomes of it, the gateway serves. */
export type Chain = {
  view(): Promise<ChainView>;
  /** Its books, rebuilt from events; null where there is no chain. */
  readonly books: ChainBooksKeeper | null;
  /** Resolves when it is known whether there is one, at the latest after a moment. */
  readonly settled: Promise<void>;
  stop(): Promise<void>;
};

const SETTLED_WITHIN_MS = 5_000;
/** Somebody else's node is asked for one number. */
const ASK = { timeoutMs: 2_000, answerBytesMax: 64 * 1024 } as const;

export const NO_ANVIL = 'there is no anvil on this machine: npm carries it for Linux on x64 only; elsewhere install Foundry 1.7';

export function startChain(config: Config, env: NodeJS.ProcessEnv, log: Log): Chain {
  const folder = join(config.TALLY_DATA_DIR, 'chain');
  const urls = config.CHAIN_RPC_URL;
  if (urls.length > 0) {
    const books = keepBooks('rpc', folder, () => placeOf(urls, 'rpc', rpcView(urls, folder)), log);
    return { settled: Promise.resolve(), books, stop: () => books.stop(), view: () => rpcView(urls, folder) };
  }
  if (config.TALLY_CHAIN === 'off') return without('off', null);
  const anvil = findFoundry('anvil', env['PATH'] ?? '');
  if (anvil === undefined) {
    log.warn({}, NO_ANVIL);
    return without('none', NO_ANVIL);
  }
  const chain = startEmbedded({ anvil, folder, port: config.TALLY_CHAIN_PORT }, env, log);
  const view = async () => embeddedView(chain, folder);
  const books = keepBooks('embedded', folder, () => placeOf([chain.url() ?? ''], 'embedded', view()), log);
  return {
    view,
    books,
    settled: within(chain.listening, SETTLED_WITHIN_MS),
    stop: async () => {
      await books.stop();
      await chain.stop();
    },
  };
}

/** null while there are no contracts. */
async function placeOf(urls: readonly string[], mode: Place['mode'], viewing: Promise<ChainView>): Promise<Place | null> {
  const { state, deployment } = await viewing;
  if (state !== 'ready' || deployment === null) return null;
  return { urls, mode, deployment };
}

function without(mode: 'off' | 'none', reason: string | null): Chain {
  const view: ChainView = { mode, state: 'off', chain_id: null, rpc: null, reason, deployment: null };
  return { view: async () => view, books: null, settled: Promise.resolve(), stop: async () => {} };
}

function embeddedView(chain: Embedded, folder: string): ChainView {
  const state = chain.state();
  const deployment = state === 'ready' ? deploymentAt(join(folder, 'deployment.json')) : null;
  return { mode: 'embedded', state, chain_id: EMBEDDED_CHAIN_ID, rpc: chain.url(), reason: chain.failure(), deployment };
}

/** The first node that answers tells which chain it is, and so which record of a deployment belongs to it. */
async function rpcView(urls: readonly string[], folder: string): Promise<ChainView> {
  const { httpNode } = await loadChain();
  for (const url of urls) {
    const chainId = await httpNode(url, 'rpc', ASK)
      .rpc('eth_chainId', [])
      .then(Number, () => null);
    if (chainId === null || !Number.isSafeInteger(chainId)) continue;
    const deployment = deploymentAt(join(folder, `deployment-${chainId}.json`));
    const reason = deployment === null ? 'no contracts of ours are known there; `tally chain deploy` deploys them' : null;
    return { mode: 'rpc', state: 'ready', chain_id: chainId, rpc: shown(url), reason, deployment };
  }
  const reason = 'no node of CHAIN_RPC_URL answers';
  return { mode: 'rpc', state: 'failed', chain_id: null, rpc: shown(urls[0] ?? ''), reason, deployment: null };
}

/** Providers put keys into the user, the path or the query. */
function shown(url: string): string {
  return new URL(url).origin;
}

/** null where there is none that can be used. */
function deploymentAt(file: string): RecordHere | null {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

async function within(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
