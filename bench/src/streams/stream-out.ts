import type { ServerResponse } from 'node:http';
import type { Dialect } from '../dialects/dialect.ts';
import { markedText, nowUs } from './marks.ts';

/** One stream on its way out of the upstream. */
export type StreamOut = {
  readonly res: ServerResponse;
  readonly stream: Dialect['stream'];
  /** Whether the request asked for usage. */
  readonly isAsked: boolean;
  seq: number;
  onFrame(): void;
};

/** A probe is about its first frame: the end follows a little later, so that its work is not measured with it. */
const PROBE_END_MS = 4;
const GOLDEN = 0.618_033_988_75;

function nextFrame(out: StreamOut): string {
  const text = out.stream.frame(out.seq, markedText(out.seq, nowUs()), out.isAsked);
  out.seq += 1;
  out.onFrame();
  return text;
}

function first(out: StreamOut): void {
  out.res.write(out.stream.opening + nextFrame(out));
}

function last(out: StreamOut): void {
  out.res.end(out.stream.closing(out.isAsked));
}

export function probe(out: StreamOut): void {
  first(out);
  setTimeout(() => last(out), PROBE_END_MS);
}

/** As many frames as the reader takes, one in each turn of the loop: frames of one turn would be written as one. */
export function rush(out: StreamOut, frames: number): void {
  if (out.seq === frames) {
    last(out);
    return;
  }
  const text = out.seq === 0 ? out.stream.opening + nextFrame(out) : nextFrame(out);
  if (out.res.write(text)) setImmediate(() => rush(out, frames));
  else out.res.once('drain', () => rush(out, frames));
}

/** One frame at once, then one at each beat until it is told to end. */
export class HeldStream {
  readonly #out: StreamOut;
  #timer: NodeJS.Timeout;

  /** @param number spreads the beats of streams that begin together over the whole pace: models do not answer in step. */
  constructor(out: StreamOut, paceMs: number, number: number) {
    this.#out = out;
    first(out);
    const beat = () => void out.res.write(nextFrame(out));
    this.#timer = setTimeout(
      () => {
        beat();
        this.#timer = setInterval(beat, paceMs);
      },
      ((number * GOLDEN) % 1) * paceMs,
    );
    out.res.on('close', () => clearTimeout(this.#timer));
  }

  end(): void {
    clearTimeout(this.#timer);
    last(this.#out);
  }
}
