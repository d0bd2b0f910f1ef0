import type { Scanned, StreamEvent, StreamScanner, StreamSummary } from './events.ts';
import { parseObject } from './json.ts';
import { responsesEvents } from './openai-responses-events.ts';
import { Relay } from './relay.ts';
import { type SseFrame, SseScanner } from './sse.ts';
import { StreamTally } from './tally.ts';

/** Scans a responses stream. Usage is part of its own closing event, so every byte is relayed as it came. */
export class OpenAiResponsesScanner implements StreamScanner {
  readonly #sse: SseScanner;
  readonly #tally = new StreamTally();

  constructor(options: { readonly frameBytesMax?: number } = {}) {
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
      const data = frame.data === null ? null : parseObject(frame.data);
      events.push(...this.#tally.frame(data === null ? [] : responsesEvents(data, frame.event)));
      relay.add(frame.raw);
    }
    return { events, relay: relay.pieces() };
  }
}
