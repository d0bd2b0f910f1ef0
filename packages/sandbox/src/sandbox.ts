import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Voice } from './dialect.ts';
import { ApiError } from './errors.ts';
import { sendError } from './http.ts';
import { type Routed, routeOf } from './router.ts';
import { REDIRECTED } from './serve.ts';
import { UsageStore } from './usage-store.ts';

/** Listening at `host`:`port` (0 picks a free one); the count of all it served is kept in `dataDir`. */
export type SandboxOptions = { readonly port?: number; readonly host?: string; readonly dataDir: string };

export type Sandbox = {
  /** For example `http://127.0.0.1:41234`; the APIs are under `/v1` and `/v1beta`. */
  readonly url: string;
  readonly port: number;
  /** Takes no more calls, lets those under way end for `graceMs` (default 0), then cuts them. All are counted. */
  readonly close: (graceMs?: number) => Promise<void>;
};

/** @throws the server's own error when it cannot listen or open its file */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const store = new UsageStore(options.dataDir);
  const server = createServer({ keepAliveTimeout: 60_000, headersTimeout: 15_000, requestTimeout: 60_000 }, (req, res) => {
    void answer(req, res, store);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  }).catch((error: unknown) => {
    store.close();
    throw error;
  });
  const { address, port, family } = server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  return { url, port, close: (graceMs = 0) => close(server, store, graceMs) };
}

async function close(server: Server, store: UsageStore, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.race([closed, sleep(graceMs, undefined, { ref: false })]);
  server.closeAllConnections();
  await closed;
  store.close();
}

type Target = Routed & { readonly path: string; readonly query: URLSearchParams; readonly redirected: boolean };

async function answer(req: IncomingMessage, res: ServerResponse, store: UsageStore): Promise<void> {
  const target = targetOf(req);
  try {
    await follow(req, res, store, target);
  } catch (error) {
    answerError(req, res, target.voice, error);
  }
}

function targetOf(req: IncomingMessage): Target {
  const [whole = '/', query = ''] = (req.url ?? '/').split('?', 2);
  const redirected = whole.startsWith(`${REDIRECTED}/`);
  const path = redirected ? whole.slice(REDIRECTED.length) : whole;
  return { ...routeOf(path, req.headers), path, query: new URLSearchParams(query), redirected };
}

async function follow(req: IncomingMessage, res: ServerResponse, store: UsageStore, target: Target): Promise<void> {
  const { voice, route, path, query, redirected } = target;
  // Google takes a key there. It would stand in logs along the way, so whoever sends one is told.
  if (query.has('key')) throw new ApiError(400, 'A key in the URL is not taken: send it in a header.');
  const key = voice.key(req);
  if (route === null || route.method !== req.method) throw voice.errors.noRoute(req.method ?? '', path);
  await route.serve({ req, res, store, voice, key, query, redirected });
}

function answerError(req: IncomingMessage, res: ServerResponse, voice: Voice, error: unknown): void {
  // The caller left before its request was whole: nothing was accepted, and nobody is there to be told.
  if (res.destroyed || req.socket.destroyed) return void res.destroy();
  if (error instanceof ApiError) return void sendError(res, voice, error);
  process.stderr.write(`${JSON.stringify({ event: 'sandbox.error', message: error instanceof Error ? error.message : 'unknown' })}\n`);
  if (res.headersSent) return void res.destroy();
  sendError(res, voice, new ApiError(500, 'Sandbox: an error of its own.', { code: 'sandbox_bug' }));
}
