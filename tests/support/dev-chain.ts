import { createServer } from 'node:net';
import { findFoundry } from '../../contracts/tools/foundry.js';
import { type Anvil, rpc, startAnvil } from '../../packages/server/src/app/chain/anvil.ts';

export const anvilPath = findFoundry('anvil');

/** A development chain of one test file, on a free port. */
export type DevChain = Anvil & {
  readonly url: string;
  ask<T>(method: string, params?: readonly unknown[]): Promise<T>;
};

export async function devChain(chainId = 31_337, state: string | null = null): Promise<DevChain> {
  const anvil = await startAnvil({ path: anvilPath ?? '', port: 0, chainId, state });
  const url = `http://127.0.0.1:${anvil.port}`;
  return { ...anvil, url, ask: <T>(method: string, params: readonly unknown[] = []) => rpc<T>(url, method, params) };
}

/** Somebody else's listener, for as long as a test needs the port taken. */
export async function takePort(port = 0): Promise<{ readonly port: number; free(): Promise<void> }> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const taken = (server.address() as { port: number }).port;
  return { port: taken, free: () => new Promise((resolve) => server.close(() => resolve())) };
}
