import { type ChildProcess, spawn } from 'node:child_process';
import { findFoundry } from '../../contracts/tools/foundry.js';
import type { Hex } from '../../packages/core/src/index.ts';
import { httpNode, type Node } from '../../packages/server/src/settle/chain/node.ts';

/** Path of anvil; undefined where there is none. */
export const ANVIL = findFoundry('anvil');
export const CHAIN_ID = 31_337;

/** Keys of the development phrase that anvil starts with; their accounts hold ether there, and nothing anywhere else. */
export const DEV_KEYS: readonly Hex[] = [
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
  '0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6',
];

export type ChainNode = {
  readonly port: number;
  readonly url: string;
  readonly node: Node;
  /** Asks it directly, past whatever stands before it in a test. */
  ask(method: string, ...params: unknown[]): Promise<unknown>;
  balance(address: Hex): Promise<bigint>;
  mine(blocks?: number): Promise<void>;
  stop(): Promise<void>;
};

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

const STARTED = /Listening on 127\.0\.0\.1:(\d+)/;
const START_WITHIN_MS = 60_000;

/** A chain of its own on loopback, on a free port. Mines each transaction at once unless `--no-mining` is given. */
export async function startChain(...more: readonly string[]): Promise<ChainNode> {
  if (ANVIL === undefined) throw new Error('There is no anvil.');
  const args = ['--host', '127.0.0.1', '--port', '0', '--chain-id', String(CHAIN_ID), '--threads', '1', ...more];
  const child = spawn(ANVIL, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  running.add(child);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error('anvil did not start in time')), START_WITHIN_MS);
    child.stdout.on('data', (chunk: Buffer) => {
      text = `${text}${chunk.toString('utf8')}`.slice(-4096);
      const found = STARTED.exec(text)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(Number(found));
    });
    void ended.then(() => reject(new Error('anvil ended at its start')));
  });
  const url = `http://127.0.0.1:${port}`;
  const node = httpNode(url, `anvil ${port}`);
  const ask = (method: string, ...params: unknown[]) => node.rpc(method, params);
  return {
    port,
    url,
    node,
    ask,
    balance: async (address) => BigInt((await ask('eth_getBalance', address, 'latest')) as string),
    mine: async (blocks = 1) => void (await ask('anvil_mine', `0x${blocks.toString(16)}`)),
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      running.delete(child);
    },
  };
}
