const HEAD_BYTES_MAX = 16_384;
const NOTHING = Buffer.alloc(0);

/** What comes next: the head, the size of a chunk, its bytes, the line end behind them, the line end behind the chunk of no bytes. */
type State = 'head' | 'size' | 'bytes' | 'gap' | 'last' | 'done';

/**
 * Reads one chunked HTTP/1.1 answer as it comes. The callers share the machine with what they measure, so this reads only what they need:
 * the status and the body. A gateway may cut the body into chunks anywhere, so what is inside must be looked for behind this.
 */
export class AnswerReader {
  #status = 0;
  #state: State = 'head';
  /** The beginning of a line, or of the head, that is not whole yet. */
  #line: Buffer = NOTHING;
  /** Bytes of the present chunk that are still to come. */
  #left = 0;

  /** 0 until the head is whole. */
  get status(): number {
    return this.#status;
  }

  get ended(): boolean {
    return this.#state === 'done';
  }

  /** @returns the pieces of the body in these bytes. @throws Error on what is no such answer. */
  push(bytes: Buffer): Buffer[] {
    const pieces: Buffer[] = [];
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#state === 'bytes') {
        const piece = rest.subarray(0, this.#left);
        pieces.push(piece);
        this.#left -= piece.length;
        rest = rest.subarray(piece.length);
        if (this.#left === 0) this.#state = 'gap';
      } else {
        rest = this.#text(rest);
      }
    }
    return pieces;
  }

  /** @returns what stands behind the line, or the head, that is looked for. */
  #text(bytes: Buffer): Buffer {
    if (this.#state === 'done') throw new Error('bytes came after the end of an answer');
    const end = this.#state === 'head' ? '\r\n\r\n' : '\r\n';
    const all = this.#line.length === 0 ? bytes : Buffer.concat([this.#line, bytes]);
    const at = all.indexOf(end);
    if (at === -1) {
      if (all.length > HEAD_BYTES_MAX) throw new Error('the head of an answer is too long');
      this.#line = all;
      return NOTHING;
    }
    this.#line = NOTHING;
    this.#take(all.toString('latin1', 0, at));
    return all.subarray(at + end.length);
  }

  #take(text: string): void {
    if (this.#state === 'head') this.#head(text);
    else if (this.#state === 'size') this.#size(text);
    else if (text !== '') throw new Error(`there is no line end behind a chunk, but ${text.slice(0, 40)}`);
    else this.#state = this.#state === 'gap' ? 'size' : 'done';
  }

  #head(text: string): void {
    if (!text.startsWith('HTTP/1.1 ')) throw new Error('an answer is not HTTP/1.1');
    if (!/\r\ntransfer-encoding: *chunked *(\r\n|$)/i.test(text)) throw new Error(`an answer is no stream: ${text.slice(0, 300)}`);
    this.#status = Number(text.slice(9, 12));
    this.#state = 'size';
  }

  #size(text: string): void {
    if (!/^[0-9a-f]{1,8}(;|$)/i.test(text)) throw new Error(`a chunk has no size: ${text.slice(0, 40)}`);
    this.#left = Number.parseInt(text, 16);
    this.#state = this.#left === 0 ? 'last' : 'bytes';
  }
}
