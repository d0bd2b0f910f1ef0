import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Dispatcher, Pool } from 'undici';

/**
 * The bare pass-through: what any gateway on this runtime costs at the least. It streams both ways through the leanest interface that
 * undici has, looks at nothing, keeps nothing, and is given the provider's key by the caller.
 */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host', 'upgrade', 'te', 'trailer', 'proxy-connection']);

/** More than any benchmark keeps: this subject has no limits of its own. */
const CONNECTIONS_MAX = 4096;

const pool = new Pool(process.argv[2] as string, { allowH2: false, pipelining: 1, connections: CONNECTIONS_MAX });

function forward(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept: IncomingHttpHeaders = {};
  for (const name in headers) if (!HOP_BY_HOP.has(name)) kept[name] = headers[name];
  return kept;
}

/** One request on its way: the dispatcher's callbacks write straight to the caller. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #res: ServerResponse;

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#res.on('drain', () => controller.resume());
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#res.writeHead(status, forward(headers));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#res.write(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.#res.end();
  }

  onResponseError(): void {
    if (this.#res.headersSent) this.#res.destroy();
    else this.#res.writeHead(502).end();
  }
}

function handle(req: IncomingMessage, res: ServerResponse): void {
  pool.dispatch({ method: 'POST', path: req.url ?? '/', headers: forward(req.headers), body: req }, new Exchange(res));
}

const server = createServer({ keepAliveTimeout: 65_000, noDelay: true }, handle);
server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));
