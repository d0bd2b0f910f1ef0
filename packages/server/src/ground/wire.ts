import type { Duplex } from 'node:stream';
import { deserialize, serialize } from 'node:v8';

/** Lengths of the whole frame and of its message, before both. */
const HEAD_BYTES = 8;
/** Beyond any message, also one with as many kept answers as may be on their way at a time. */
const FRAME_BYTES_MAX = 0x7fff_ffff;
const NOTHING = new Uint8Array(0);

export type WireEvents<In> = {
  /** @param bytes what came along with the message; zeroed when this returns. */
  message(message: In, bytes: Buffer): void;
  /** The other side is gone, or does not speak as it should. Once, and last. */
  closed(): void;
};

/**
 * Messages between two processes of ours, each with bytes beside it where it has some. Those may be a secret: they are in no message, so in
 * nothing that the runtime copies, and both sides zero what they had them in. Between them is only the kernel's own buffer.
 */
export class Wire<Out, In> {
  readonly #stream: Duplex;
  readonly #events: WireEvents<In>;
  readonly #head = Buffer.allocUnsafeSlow(HEAD_BYTES);
  #frame: Buffer | null = null;
  #filled = 0;
  #isCorked = false;
  #isClosed = false;

  /** @param stream what it gives to read is handed to `receive` by whoever made it: that one knows how it reads. */
  constructor(stream: Duplex, events: WireEvents<In>) {
    this.#stream = stream;
    this.#events = events;
    stream.on('error', () => this.#close());
    stream.on('end', () => this.#close());
    stream.on('close', () => this.#close());
  }

  /** Bytes that the other side has not taken yet. */
  get backlog(): number {
    return this.#stream.writableLength;
  }

  /** @param bytes copied; the copy is zeroed once it is written. */
  post(message: Out, bytes: Uint8Array = NOTHING): void {
    if (this.#isClosed) return;
    const text = serialize(message);
    const frame = Buffer.allocUnsafeSlow(HEAD_BYTES + text.length + bytes.length);
    frame.writeUInt32LE(frame.length, 0);
    frame.writeUInt32LE(text.length, 4);
    text.copy(frame, HEAD_BYTES);
    frame.set(bytes, HEAD_BYTES + text.length);
    // What is posted in one turn leaves as one write.
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#stream.cork();
      process.nextTick(() => this.#flush());
    }
    // Called too where it could not be written.
    this.#stream.write(frame, () => void frame.fill(0));
  }

  /** As `post`, and it has left when this returns, as far as the other side has room for it. */
  postNow(message: Out): void {
    this.post(message);
    this.#flush();
  }

  /** @param chunk zeroed when this returns. */
  receive(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#isClosed) {
      if (this.#frame === null) at += this.#begin(chunk.subarray(at));
      else {
        const length = Math.min(chunk.length - at, this.#frame.length - this.#filled);
        chunk.copy(this.#frame, this.#filled, at, at + length);
        at += length;
        this.#filled += length;
      }
      if (this.#frame !== null && this.#filled === this.#frame.length) this.#deliver(this.#frame);
    }
    chunk.fill(0);
  }

  #flush(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#stream.uncork();
  }

  destroy(): void {
    this.#stream.destroy();
    this.#close();
  }

  /** @returns how much of it was taken for the head of the next frame. */
  #begin(chunk: Buffer): number {
    const length = chunk.copy(this.#head, this.#filled, 0, HEAD_BYTES - this.#filled);
    this.#filled += length;
    if (this.#filled < HEAD_BYTES) return length;
    const [frameBytes, textBytes] = [this.#head.readUInt32LE(0), this.#head.readUInt32LE(4)];
    if (frameBytes > FRAME_BYTES_MAX || HEAD_BYTES + textBytes > frameBytes) {
      this.destroy();
      return length;
    }
    this.#frame = Buffer.allocUnsafeSlow(frameBytes);
    this.#head.copy(this.#frame);
    return length;
  }

  #deliver(frame: Buffer): void {
    this.#frame = null;
    this.#filled = 0;
    const end = HEAD_BYTES + frame.readUInt32LE(4);
    const bytes = frame.subarray(end);
    try {
      // Its typed arrays are views of the frame, which is theirs from here on.
      this.#events.message(deserialize(frame.subarray(HEAD_BYTES, end)) as In, bytes);
    } finally {
      bytes.fill(0);
    }
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#frame?.fill(0);
    this.#events.closed();
  }
}
