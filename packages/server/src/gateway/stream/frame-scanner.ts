import type { Scanned, StreamEvent, StreamScanner, StreamSummary } from './events.ts';
import { type Json, parseObject } from './json.ts';
import { Relay } from './relay.ts';
import { type SseFrame, SseScanner } from './sse.ts';
import { StreamTally } from './tally.ts';

/** What one dialect makes of its frames; each is shown to it once, in order. */
export type FrameReader = {
  /** @param json the frame's data, or null where that is no JSON object. */
  read(frame: SseFrame, json: Json | null): StreamEvent[];
  /** The bytes to pass on of a frame that was read; left out, all of them. */
  relay?(frame: SseFrame, json: Json | null): Uint8Array;
};

/** An event named `error` is one in every dialect, even where its data is nothing that can be read. */
const ERROR: readonly StreamEvent[] = [{ kind: 'error', code: 'unknown' }];

/** Cuts a stream into frames, parses each once, and adds up and passes on what the dialect's reader makes of it. */
export class FrameScanner implements StreamScanner {
  readonly #reader: FrameReader;
  readonly #sse: SseScanner;
  readonly #tally = new StreamTally();

  constructor(reader: FrameReader, options: { readonly frameBytesMax?: number }) {
    this.#reader = reader;
    this.#sse = new SseScanner(options);
  }

  push(chunk: Uint8Array): Scanned {
    this.#tally.bytes(chunk.length);
    return this.#scan(this.#sse.push(chunk));
  }

  end(): Scanned {
    const rest = this.#sse.end();
    return this.#scan(rest === null ? [] : [rest]);
  }

  summary(): StreamSummary {
    return this.#tally.summary();
  }

  #scan(frames: readonly SseFrame[]): Scanned {
    const events: StreamEvent[] = [];
    const relay = new Relay();
    for (const frame of frames) {
      const json = frame.data === null ? null : parseObject(frame.data);
      const said = json === null && frame.event === 'error' ? ERROR : this.#reader.read(frame, json);
      for (const event of this.#tally.frame(said)) events.push(event);
      relay.add(this.#reader.relay === undefined ? frame.raw : this.#reader.relay(frame, json));
    }
    return { events, relay: relay.pieces() };
  }
}
