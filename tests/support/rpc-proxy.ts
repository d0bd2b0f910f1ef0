import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export type RpcRequest = { readonly method: string; readonly params: readonly unknown[] };

/** `result`: answered in the node's stead. `error`: the node is not asked, or, with `after`, is asked and its answer lost. `drop`: no answer. */
export type RpcSpoil = { readonly result: unknown } | { readonly error: string; readonly after?: true } | 'drop' | null;

export type RpcProxy = {
  readonly url: string;
  spoil: (request: RpcRequest) => RpcSpoil;
  stop(): Promise<void>;
};

/** Stands before the node of a chain and spoils answers to what it is told to. */
export async function rpcProxy(node: string): Promise<RpcProxy> {
  const server = createServer(async (request, response) => {
    const body = await textOf(request);
    const { id, ...asked } = JSON.parse(body) as RpcRequest & { readonly id: number };
    const spoilt = proxy.spoil(asked);
    if (spoilt === 'drop') return void response.destroy();
    const answer = (what: object) =>
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, ...what }));
    if (spoilt !== null && 'result' in spoilt) return void answer(spoilt);
    if (spoilt !== null && spoilt.after === undefined) return void answer({ error: { code: -32_000, message: spoilt.error } });
    const headers = { 'content-type': 'application/json' };
    const there = (await (await fetch(node, { method: 'POST', headers, body })).json()) as object;
    answer(spoilt === null ? there : { error: { code: -32_000, message: spoilt.error } });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: RpcProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spoil: () => null,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
