import { readFileSync } from 'node:fs';
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { TallyError } from '@tallystick/core';
import type { Config } from '#ground/config';

const KEEP_ALIVE_MS = 65_000;
const HEADERS_MS = 20_000;

/** Largest body of a request that is no caller’s, bytes. */
export const OTHER_BODY_BYTES_MAX = 1_048_576;

/** @returns the port. @throws CONFIG_INVALID */
export async function bind(server: Server, { HOST, PORT }: Config): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new TallyError(
          'CONFIG_INVALID',
          `PORT: cannot listen on ${HOST}:${PORT} (${cause.code ?? 'unknown'}); choose another PORT, or stop what uses this one.`,
          {
            setting: 'PORT',
          },
        ),
      ),
    );
    server.listen({ host: HOST, port: PORT, backlog: 1024 }, resolve);
  });
  return (server.address() as AddressInfo).port;
}

export function makeServer(config: Config, handler: (req: IncomingMessage, res: ServerResponse) => void): HttpServer {
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
