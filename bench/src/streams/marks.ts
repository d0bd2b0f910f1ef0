/** The text of a frame begins with its number in its stream and the moment it was sent: `[[000012 0000123456789012]]`. */
const OPEN = '[[';
const SEQ_DIGITS = 6;
const TIME_DIGITS = 16;
const TIME_AT = OPEN.length + SEQ_DIGITS + 1;
const MARK_BYTES = TIME_AT + TIME_DIGITS + 2;
const NOTHING = Buffer.alloc(0);

/** Microseconds of the system's monotonic clock, which all processes of one machine share. */
export function nowUs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e6 + nanoseconds / 1e3;
}

/** @param sentUs see `nowUs`. */
export function markedText(seq: number, sentUs: number): string {
  const time = String(Math.floor(sentUs)).padStart(TIME_DIGITS, '0');
  return `${OPEN}${String(seq).padStart(SEQ_DIGITS, '0')} ${time}]] and so on`;
}

/** Finds the marks in a stream, however it was cut, and checks that none is missing. */
export class MarkReader {
  #rest: Buffer = NOTHING;
  #seq = 0;

  /** Marks seen so far. */
  get count(): number {
    return this.#seq;
  }

  /** @param onMark is given what each mark says of when it was sent, µs. @throws Error where a frame is missing or came twice. */
  push(piece: Buffer, onMark: (sentUs: number) => void): void {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let at = bytes.indexOf(OPEN);
    while (at !== -1 && at + MARK_BYTES <= bytes.length) {
      this.#take(bytes.toString('latin1', at, at + MARK_BYTES), onMark);
      at = bytes.indexOf(OPEN, at + MARK_BYTES);
    }
    // Else the first half of what opens a mark may stand at the end.
    const from = at === -1 ? Math.max(0, bytes.length - (OPEN.length - 1)) : at;
    this.#rest = bytes.subarray(from);
  }

  #take(mark: string, onMark: (sentUs: number) => void): void {
    const seq = Number(mark.slice(OPEN.length, OPEN.length + SEQ_DIGITS));
    if (seq !== this.#seq) throw new Error(`frame ${this.#seq} of a stream was lost: after it came ${mark}`);
    this.#seq += 1;
    onMark(Number(mark.slice(TIME_AT, TIME_AT + TIME_DIGITS)));
  }
}
