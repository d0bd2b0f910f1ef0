/** How long a piece of text may wait for the next ones, and how long it grows before it goes alone. */
const CHARS_MAX = 16_384;

export type TextLogOptions = {
  readonly flushMs: number;
  /** Makes a piece durable. @param part its number. */
  readonly save: (part: number, text: string) => Promise<void>;
  /** It is durable. */
  readonly saved: (text: string) => void;
  /** Pieces that are there from before a restart. */
  readonly from: number;
};

/** Text on its way from a call to those who wait for it: they are told of it once it is in the books, so that what was told is never lost. */
export class TextLog {
  readonly #options: TextLogOptions;
  #part: number;
  #waiting = '';
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #failed: unknown;

  constructor(options: TextLogOptions) {
    this.#options = options;
    this.#part = options.from;
  }

  /** @throws what saving an earlier piece threw */
  push(text: string): void {
    if (this.#failed !== undefined) throw this.#failed;
    this.#waiting += text;
    if (this.#waiting.length >= CHARS_MAX) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), this.#options.flushMs);
  }

  /** All of it is durable when it resolves. @throws what saving threw */
  async end(): Promise<void> {
    this.#flush();
    await this.#flushing;
    if (this.#failed !== undefined) throw this.#failed;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#flushing.then(() => this.#write());
  }

  async #write(): Promise<void> {
    const text = this.#waiting;
    if (text === '' || this.#failed !== undefined) return;
    this.#waiting = '';
    try {
      await this.#options.save(this.#part, text);
      this.#part += 1;
      this.#options.saved(text);
    } catch (error) {
      this.#failed = error;
    }
  }
}
