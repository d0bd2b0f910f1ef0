import type { Socket } from 'node:net';
import { AnswerReader } from './answer-reader.ts';
import { MarkReader, nowUs } from './marks.ts';

/** What all streams add to: frames that came, and, while somebody watches, how long each was under way, µs. */
export type Tally = { frames: number; times: number[] | null };

const DATA = Buffer.from('data:');
const NOTHING = Buffer.alloc(0);

/** One stream from its request to its last byte, on a connection that carries nothing else meanwhile. */
export class CalledStream {
  /** When the first frame came, see `nowUs`. */
  readonly first: Promise<number>;
  /** Fulfilled when the whole stream has come, with every frame and its end. */
  readonly whole: Promise<void>;
  readonly #socket: Socket;
  readonly #end: string;
  readonly #tally: Tally;
  readonly #answer = new AnswerReader();
  readonly #marks = new MarkReader();
  #hasBegun = false;
  /** The body's last bytes. */
  #tail: Buffer = NOTHING;
  #onFirst: (atUs: number) => void = () => {};
  #onWhole: () => void = () => {};
  #onFault: (error: unknown) => void = () => {};

  constructor(socket: Socket, request: Buffer, end: string, tally: Tally) {
    this.#socket = socket;
    this.#end = end.trim();
    this.#tally = tally;
    this.whole = new Promise((resolve, reject) => {
      this.#onWhole = resolve;
      this.#onFault = reject;
    });
    // What breaks before the first frame breaks both.
    this.first = new Promise((resolve, reject) => {
      this.#onFirst = resolve;
      this.whole.catch(reject);
    });
    this.first.catch(() => {});
    socket.on('data', this.#onData).on('close', this.#onClose).on('error', this.#onFault);
    socket.write(request);
  }

  readonly #onData = (bytes: Buffer): void => {
    const atUs = nowUs();
    try {
      for (const piece of this.#answer.push(bytes)) this.#body(piece, atUs);
      if (this.#answer.ended) this.#finish();
    } catch (error) {
      this.#leave();
      this.#onFault(error);
    }
  };

  readonly #onClose = (): void => {
    this.#onFault(new Error('the connection was closed inside a stream'));
  };

  #body(piece: Buffer, atUs: number): void {
    this.#tail = piece.length >= this.#end.length + 4 ? piece : Buffer.concat([this.#tail.subarray(-this.#end.length - 4), piece]);
    if (this.#answer.status !== 200) return;
    if (!this.#hasBegun && this.#tail.includes(DATA)) {
      this.#hasBegun = true;
      this.#onFirst(atUs);
    }
    this.#marks.push(piece, (sentUs) => {
      this.#tally.frames += 1;
      this.#tally.times?.push(atUs - sentUs);
    });
  }

  #finish(): void {
    if (this.#answer.status !== 200) throw new Error(`a stream was refused: ${this.#answer.status} ${this.#tail.toString('utf8', 0, 300)}`);
    if (!this.#tail.includes(this.#end) || this.#marks.count === 0) throw new Error('a stream ended before its end');
    this.#leave();
    this.#onWhole();
  }

  #leave(): void {
    this.#socket.off('data', this.#onData).off('close', this.#onClose).off('error', this.#onFault);
  }
}
