import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { TallyError } from '@tallystick/core';
import type { Config } from '#ground/config';
import { adminApp } from './admin.ts';
import type { Daemon } from './daemon.ts';

const KEEP_ALIVE_MS = 65_000;
const HEADERS_MS = 20_000;

export type Listening = { readonly url: string; close(): Promise<void> };

/** One origin for everything: callers' routes go straight to the gateway, the rest to the operator's app. */
export async function listen(daemon: Daemon): Promise<Listening> {
  const { config, gateway } = daemon;
  let closing = false;
  const other = getRequestListener(adminApp(daemon, () => closing).fetch);
  const server = makeServer(config, (req, res) => {
    const url = req.url ?? '/';
    const query = url.indexOf('?');
    if (gateway.handle(req, res, query === -1 ? url : url.slice(0, query))) return;
    void other(req, res);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new TallyError(
          'CONFIG_INVALID',
          `PORT: cannot listen on ${config.HOST}:${config.PORT} (${cause.code ?? 'unknown'}); choose another PORT, or stop what uses this one.`,
          {
            setting: 'PORT',
          },
        ),
      ),
    );
    server.listen({ host: config.HOST, port: config.PORT, backlog: 1024 }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  // Who is told to connect cannot connect to 'any address'.
  const reachable = config.HOST === '0.0.0.0' ? '127.0.0.1' : config.HOST === '::' ? '::1' : config.HOST;
  const host = reachable.includes(':') ? `[${reachable}]` : reachable;
  const close = async () => {
    // Whoever asks is still answered, with SHUTTING_DOWN, and readiness says 503, until the calls in flight have ended.
    closing = true;
    await daemon.stop();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  return { url: `${config.TALLY_TLS_CERT_FILE === '' ? 'http' : 'https'}://${host}:${port}`, close };
}

function makeServer(config: Config, handler: (req: IncomingMessage, res: ServerResponse) => void): Server {
  const options = {
    maxHeaderSize: config.TALLY_HEADER_BYTES_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: HEADERS_MS,
    requestTimeout: config.TALLY_BODY_TIMEOUT_MS + HEADERS_MS,
    noDelay: true,
  };
  const server =
    config.TALLY_TLS_CERT_FILE === ''
      ? createServer(options, handler)
      : createTlsServer(
          { ...options, cert: readFileSync(config.TALLY_TLS_CERT_FILE), key: readFileSync(config.TALLY_TLS_KEY_FILE) },
          handler,
        );
  server.on('clientError', refuse);
  return server;
}

/** What the parser refuses never becomes a request: the answer is written by hand and the connection closed. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || socket.destroyed) return;
  const shown = new TallyError(
    error.code === 'HPE_HEADER_OVERFLOW'
      ? 'HEADERS_TOO_LARGE'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? 'BODY_TIMEOUT'
        : 'BODY_INVALID',
    error.code === undefined || error.code.startsWith('HPE_HEADER')
      ? undefined
      : 'The request is not valid HTTP, or did not arrive in time.',
  );
  const body = JSON.stringify({
    error: { message: `${shown.message} ${shown.fix}`, type: 'invalid_request_error', param: null, code: shown.code },
  });
  socket.end(
    `HTTP/1.1 ${shown.status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
