import { TallyError } from '@tallystick/core';

/** One event of a server-sent-events stream (WHATWG HTML, 9.2), with the exact bytes it came as. */
export type SseFrame = {
  /** The `event:` field, or null. */
  readonly event: string | null;
  /** The `data:` lines joined by line feeds; null where there is none (comments, blank lines). */
  readonly data: Uint8Array | null;
  /** Where `data` begins in `raw`; −1 where the data spans several lines, so that it does not stand in `raw` as it is. */
  readonly dataAt: number;
  /** Everything from the end of the frame before to the end of this one, terminators included. */
  readonly raw: Uint8Array;
};

/** A frame may carry a whole answer (the closing event of a responses stream), so this is large. */
export const FRAME_BYTES_MAX = 8 * 1024 * 1024;

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const NOTHING = Buffer.alloc(0);

/**
 * Cuts a stream into frames. Every byte pushed comes out in exactly one frame's `raw`, in order, however the chunks were cut.
 * Frames are views of their chunk where they stand in one, so chunks must not be written to afterwards.
 * A frame that ends in a bare CR is given out only when the next byte shows that no LF belongs to it.
 */
export class SseScanner {
  readonly #frameBytesMax: number;
  /** Bytes of the frame in progress from earlier chunks, copied: many tiny chunks must not cost more memory than the bytes in them. */
  #pending: Buffer = NOTHING;
  #pendingBytes = 0;
  #lineIsEmpty = true;
  #afterCr = false;
  /** The frame is complete but for an LF that may follow its last CR. */
  #isClosing = false;
  #isFirst = true;

  constructor(options: { readonly frameBytesMax?: number } = {}) {
    this.#frameBytesMax = options.frameBytesMax ?? FRAME_BYTES_MAX;
  }

  /** @throws TallyError UPSTREAM_ERROR where a frame is larger than allowed. */
  push(chunk: Uint8Array): SseFrame[] {
    const frames: SseFrame[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (this.#isClosing) {
        this.#isClosing = false;
        const end = byte === LF ? at + 1 : at;
        frames.push(this.#take(chunk.subarray(start, end)));
        start = end;
        this.#afterCr = false;
        if (byte === LF) continue;
      }
      if (byte === LF && this.#afterCr) {
        this.#afterCr = false; // The second half of CRLF: its line has ended already.
      } else if (byte === LF || byte === CR) {
        this.#afterCr = byte === CR;
        if (this.#lineIsEmpty && byte === CR) this.#isClosing = true;
        else if (this.#lineIsEmpty) {
          frames.push(this.#take(chunk.subarray(start, at + 1)));
          start = at + 1;
        }
        this.#lineIsEmpty = true;
      } else {
        this.#afterCr = false;
        this.#lineIsEmpty = false;
      }
    }
    this.#keep(chunk.subarray(start));
    return frames;
  }

  /** The stream has ended. @returns the rest that no blank line closed, or null. */
  end(): SseFrame | null {
    return this.#pendingBytes === 0 ? null : this.#take(NOTHING);
  }

  #keep(rest: Uint8Array): void {
    if (rest.length === 0) return;
    this.#checkSize(rest.length);
    const bytes = this.#pendingBytes + rest.length;
    if (bytes > this.#pending.length) {
      const grown = Buffer.allocUnsafe(Math.max(bytes, 2 * this.#pending.length));
      this.#pending.copy(grown, 0, 0, this.#pendingBytes);
      this.#pending = grown;
    }
    this.#pending.set(rest, this.#pendingBytes);
    this.#pendingBytes = bytes;
  }

  #take(last: Uint8Array): SseFrame {
    this.#checkSize(last.length);
    const raw = this.#whole(last);
    this.#pending = NOTHING;
    this.#pendingBytes = 0;
    const hasMark = this.#isFirst && raw[0] === 0xef && raw[1] === 0xbb && raw[2] === 0xbf;
    this.#isFirst = false;
    return parseFrame(raw, hasMark ? 3 : 0);
  }

  #whole(last: Uint8Array): Uint8Array {
    if (this.#pendingBytes === 0) return last;
    this.#keep(last);
    return this.#pending.subarray(0, this.#pendingBytes);
  }

  #checkSize(more: number): void {
    if (this.#pendingBytes + more <= this.#frameBytesMax) return;
    throw new TallyError('UPSTREAM_ERROR', `The upstream sent a stream frame larger than ${this.#frameBytesMax} bytes.`);
  }
}

function parseFrame(raw: Uint8Array, from: number): SseFrame {
  let event: string | null = null;
  const lines: number[] = []; // start and end of each data line
  let at = from;
  while (at < raw.length) {
    let end = at;
    let nameEnd = -1;
    for (; end < raw.length && raw[end] !== LF && raw[end] !== CR; end += 1) {
      if (nameEnd < 0 && raw[end] === COLON) nameEnd = end;
    }
    if (nameEnd < 0) nameEnd = end;
    const name = latin1(raw, at, Math.min(nameEnd, at + 8));
    let valueAt = Math.min(nameEnd + 1, end);
    if (raw[valueAt] === 0x20 && valueAt < end) valueAt += 1;
    if (name === 'data') lines.push(valueAt, end);
    else if (name === 'event') event = latin1(raw, valueAt, Math.min(end, valueAt + 128));
    at = end + 1;
    if (raw[end] === CR && raw[at] === LF) at += 1;
  }
  if (lines.length === 0) return { event, data: null, dataAt: -1, raw };
  if (lines.length === 2) {
    const dataAt = lines[0] as number;
    return { event, data: raw.subarray(dataAt, lines[1]), dataAt, raw };
  }
  return { event, data: join(raw, lines), dataAt: -1, raw };
}

function join(raw: Uint8Array, lines: readonly number[]): Uint8Array {
  const joined = Buffer.alloc(raw.length, LF);
  let at = 0;
  for (let i = 0; i < lines.length; i += 2) {
    const start = lines[i] as number;
    const end = lines[i + 1] as number;
    // By hand: a view per line would cost an upstream little to ask for and much to keep.
    for (let from = start; from < end; from += 1, at += 1) joined[at] = raw[from] as number;
    at += 1;
  }
  return joined.subarray(0, at - 1);
}

function latin1(raw: Uint8Array, start: number, end: number): string {
  return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('latin1', start, end);
}
