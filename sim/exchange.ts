import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dice } from './dice.ts';
import type { Scheduler } from './scheduler.ts';

/** How a caller reads its answer, and whether it stays. */
export type Reader = {
  /** Share of writes that find its buffer full. */
  readonly full: number;
  /** Until it has room again, ms; `Infinity`: never. */
  readonly drainMs: number;
  /** When it leaves, ms from now; `Infinity`: it stays. */
  readonly leavesMs: number;
};

export type Answer = { readonly status: number; readonly error: string | null; readonly isReplay: boolean; readonly isWhole: boolean };

/** The caller's request as `node:http` would hand it over. */
class Request extends EventEmitter {
  readonly method = 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Readonly<Record<string, string>>) {
    super();
    this.url = url;
    this.headers = headers;
  }

  resume(): void {}
}

/** The way back, with the events and the backpressure of a `ServerResponse` whose socket is the caller's to read or to close. */
class Response extends EventEmitter {
  readonly #scheduler: Scheduler;
  readonly #dice: Dice;
  readonly #reader: Reader;
  readonly #done: (answer: Answer) => void;
  readonly #headers = new Map<string, string>();
  #idle: { cancelled: boolean } | null = null;
  #status = 0;
  #isOver = false;
  headersSent = false;
  destroyed = false;
  closed = false;

  constructor(scheduler: Scheduler, dice: Dice, reader: Reader, done: (answer: Answer) => void) {
    super();
    this.#scheduler = scheduler;
    this.#dice = dice;
    this.#reader = reader;
    this.#done = done;
    if (reader.leavesMs < Number.POSITIVE_INFINITY) scheduler.after(reader.leavesMs, () => this.destroy());
  }

  setHeader(name: string, value: string): this {
    this.#headers.set(name, value);
    return this;
  }

  writeHead(status: number, headers: Readonly<Record<string, string>>): this {
    this.#status = status;
    this.headersSent = true;
    for (const [name, value] of Object.entries(headers)) this.#headers.set(name, value);
    return this;
  }

  write(_bytes: Uint8Array): boolean {
    if (!this.#dice.chance(this.#reader.full)) return true;
    if (this.#reader.drainMs < Number.POSITIVE_INFINITY) {
      this.#scheduler.after(this.#reader.drainMs, () => {
        if (!this.closed) this.emit('drain');
      });
    }
    return false;
  }

  end(_bytes?: Uint8Array): this {
    this.#isOver = true;
    const ms = this.#dice.chance(this.#reader.full) ? this.#reader.drainMs : 0.1;
    if (ms < Number.POSITIVE_INFINITY) this.#scheduler.after(ms, () => this.#close());
    return this;
  }

  destroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.#scheduler.after(0, () => this.#close());
    return this;
  }

  /** Idle time of the socket: nothing is ever read by half. */
  setTimeout(ms: number, listener?: () => void): this {
    if (listener !== undefined) this.once('timeout', listener);
    if (this.#idle !== null) this.#idle.cancelled = true;
    this.#idle = ms === 0 ? null : this.#scheduler.after(ms, () => this.emit('timeout'));
    return this;
  }

  #close(): void {
    if (this.closed) return;
    this.closed = true;
    this.destroyed = true;
    if (this.#idle !== null) this.#idle.cancelled = true;
    this.emit('close');
    const error = this.#headers.get('x-tally-error') ?? null;
    this.#done({ status: this.#status, error, isReplay: this.#headers.has('x-tally-replayed'), isWhole: this.#isOver });
  }
}

export type Sending = { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly body: Buffer };

/** Hands a request to `handle` as a server would, its body in pieces. */
export function send(
  scheduler: Scheduler,
  dice: Dice,
  { url, headers, body }: Sending,
  reader: Reader,
  handle: (req: IncomingMessage, res: ServerResponse, path: string) => void,
  done: (answer: Answer) => void,
): void {
  const req = new Request(url, headers);
  const res = new Response(scheduler, dice, reader, done);
  handle(req as unknown as IncomingMessage, res as unknown as ServerResponse, url.replace(/\?.*$/, ''));
  const half = dice.whole(0, body.length);
  const isCutShort = dice.chance(0.01);
  scheduler.after(dice.between(0.01, 1), () => req.emit('data', body.subarray(0, half)));
  scheduler.after(dice.between(1, 2), () => {
    if (isCutShort) {
      req.emit('close');
      res.destroy();
      return;
    }
    req.emit('data', body.subarray(half));
    req.emit('end');
  });
}
