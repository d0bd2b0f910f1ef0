import type { Reservation } from '#ground/byte-budget';
import type { Headers } from './headers.ts';

/** An answer as its caller gets it: what is needed to give it once more. */
export type KeptAnswer = { readonly status: number; readonly headers: Headers; readonly body: Uint8Array };

/** Headers that are the answer's own. The others speak of the call, and a replay has some of its own in their place. */
const KEPT_HEADERS: readonly string[] = ['content-type', 'cache-control', 'x-tally-mode'];
const BUFFER_BYTES_MIN = 4_096;
const NOTHING = Buffer.alloc(0);

/**
 * Collects what a call relays, whether or not its caller is still there to read it. One buffer: the pieces of a stream are small views of
 * large chunks. Once it is more than may be kept, or than there is room for, nothing is.
 */
export class AnswerCopy {
  readonly #room: Reservation;
  readonly #bytesMax: number;
  #status = 0;
  #headers: Headers = {};
  #buffer = NOTHING;
  #bytes = 0;
  #dropped = false;

  /** @param room what all copies together may take of the memory. */
  constructor(room: Reservation, bytesMax: number) {
    this.#room = room;
    this.#bytesMax = bytesMax;
  }

  head(status: number, headers: Headers): void {
    this.#status = status;
    this.#headers = Object.fromEntries(KEPT_HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
  }

  add(bytes: Uint8Array): void {
    if (this.#dropped || bytes.length === 0) return;
    const needed = this.#bytes + bytes.length;
    if (needed > this.#bytesMax || !this.#grow(needed)) {
      this.drop();
      return;
    }
    this.#buffer.set(bytes, this.#bytes);
    this.#bytes = needed;
  }

  /** @returns null where it was dropped. The body is valid until `drop`. */
  answer(): KeptAnswer | null {
    if (this.#dropped || this.#status === 0) return null;
    return { status: this.#status, headers: this.#headers, body: this.#buffer.subarray(0, this.#bytes) };
  }

  /** Forgets all of it and gives its room back. Idempotent. */
  drop(): void {
    this.#dropped = true;
    this.#buffer.fill(0);
    this.#buffer = NOTHING;
    this.#room.release();
  }

  #grow(needed: number): boolean {
    if (needed <= this.#buffer.length) return true;
    const length = Math.min(this.#bytesMax, Math.max(needed, 2 * this.#buffer.length, BUFFER_BYTES_MIN));
    try {
      this.#room.take(length - this.#buffer.length);
    } catch {
      return false;
    }
    const grown = Buffer.alloc(length);
    grown.set(this.#buffer);
    this.#buffer.fill(0);
    this.#buffer = grown;
    return true;
  }
}
