import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, Pool } from 'undici';
import { type CarriedSecret, SecretWriter } from './upstream-secret.ts';

/** Time from the hold's commit in which the first request byte must leave; later it is not sent and the hold is released. */
export const SEND_WITHIN_MS = 2000;

/**
 * Idle sockets retire at half of the shortest keep-alive in common use (5 s), so that a request is
 * hardly ever written into a socket that the other side is closing. Such a request is never sent again.
 */
const IDLE_SOCKET_MS = 2500;

export type UpstreamLimits = { readonly connectionsMax: number; readonly headersMs: number; readonly idleMs: number };

/** What happens to one request. Exactly one of `end` and `error` comes, last. */
export type UpstreamEvents = {
  /** The first request byte is about to be written. Returning false forbids it: nothing is sent. */
  start(): boolean;
  head(status: number, headers: IncomingHttpHeaders): void;
  data(chunk: Buffer): void;
  end(): void;
  /** `sent` tells whether a request byte may have left: if it did, the outcome is unknown. */
  error(error: Error, sent: boolean): void;
};

export type UpstreamCall = { pause(): void; resume(): void; abort(): void };

export type UpstreamRequest = {
  readonly path: string;
  /** With the secret's stand-in where the secret goes. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** Stays the caller's, which wipes it once the request has ended. */
  readonly secret: CarriedSecret;
};

/** One upstream host. HTTP/1.1 without pipelining, redirects or retries: every request on the wire has its own hold. */
export class Upstream {
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #secrets = new SecretWriter();

  constructor(baseUrl: string, limits: UpstreamLimits) {
    const url = new URL(baseUrl);
    this.#basePath = url.pathname.replace(/\/+$/, '');
    this.#pool = new Pool(url.origin, {
      allowH2: false,
      connect: this.#secrets.connector({ allowH2: false, timeout: SEND_WITHIN_MS }),
      pipelining: 1,
      connections: limits.connectionsMax,
      headersTimeout: limits.headersMs,
      bodyTimeout: limits.idleMs,
      keepAliveTimeout: IDLE_SOCKET_MS,
      keepAliveMaxTimeout: IDLE_SOCKET_MS,
      maxHeaderSize: 65_536,
    });
  }

  send(request: UpstreamRequest, events: UpstreamEvents): UpstreamCall {
    const exchange = new Exchange(events, () => this.#secrets.forget(request.secret));
    this.#secrets.expect(request.secret);
    const options: Dispatcher.DispatchOptions = {
      method: 'POST',
      path: this.#basePath + request.path,
      headers: request.headers as string[],
      body: request.body,
      idempotent: false,
    };
    try {
      this.#pool.dispatch(options, exchange);
    } catch (error) {
      exchange.onResponseError(null, error as Error);
    }
    return exchange;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** One request at the dispatcher: maps its callbacks to `UpstreamEvents`, and lets exactly one ending through. */
class Exchange implements UpstreamCall, Dispatcher.DispatchHandler {
  readonly #events: UpstreamEvents;
  readonly #forget: () => void;
  readonly #sendTimer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | null = null;
  #sent = false;
  #ended = false;
  #aborted = false;

  /** @param forget called at its end: what has not been written by then never will be. */
  constructor(events: UpstreamEvents, forget: () => void) {
    this.#events = events;
    this.#forget = forget;
    this.#sendTimer = setTimeout(() => this.#fail(new Error('no connection was free in time')), SEND_WITHIN_MS);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    clearTimeout(this.#sendTimer);
    this.#controller = controller;
    if (this.#sent || this.#ended || this.#aborted || !this.#events.start()) {
      controller.abort(new Error('not sent'));
      this.#fail(new Error('not sent'));
      return;
    }
    this.#sent = true;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // 1xx answers are informational: the real head follows.
    if (!this.#ended && status >= 200) this.#events.head(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#ended) this.#events.data(chunk);
  }

  onResponseEnd(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#forget();
    this.#events.end();
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#fail(error);
  }

  pause(): void {
    this.#controller?.pause();
  }

  /**
   * Not at once: a caller's socket can drain while another answer's bytes are being parsed (pipelined requests share a socket), and the
   * parsers do not take a resume from within each other.
   */
  resume(): void {
    setImmediate(() => {
      if (!this.#ended) this.#controller?.resume();
    });
  }

  abort(): void {
    this.#aborted = true;
    if (this.#controller === null) this.#fail(new Error('aborted'));
    else this.#controller.abort(new Error('aborted'));
  }

  #fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#sendTimer);
    this.#forget();
    this.#events.error(error, this.#sent);
  }
}
