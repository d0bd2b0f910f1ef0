import type { ObjectNode } from '../body/schema.ts';
import { splice } from '../body/splice.ts';
import { walkBody } from '../body/walk.ts';
import type { Scanned, StreamEvent, StreamScanner, StreamSummary } from './events.ts';
import { type Json, parseObject } from './json.ts';
import { chatEvents } from './openai-chat-events.ts';
import { Relay } from './relay.ts';
import { FRAME_BYTES_MAX, type SseFrame, SseScanner } from './sse.ts';
import { StreamTally } from './tally.ts';

const ANY_OBJECT: ObjectNode = { kind: 'object', fields: {}, rest: { kind: 'any' } };
const DONE = Buffer.from('[DONE]');

/**
 * Scans a chat completion stream. The gateway always asks the upstream for usage (`stream_options.include_usage`); where the caller did
 * not, the extra chunk and the `"usage":null` of all others are taken out again, and every other byte is relayed as it came.
 */
export class OpenAiChatScanner implements StreamScanner {
  readonly #sse: SseScanner;
  readonly #usageAsked: boolean;
  readonly #frameBytesMax: number;
  readonly #tally = new StreamTally();
  #hasStarted = false;

  /** @param options.usageAsked whether the caller itself asked for usage. */
  constructor(options: { readonly usageAsked: boolean; readonly frameBytesMax?: number }) {
    this.#usageAsked = options.usageAsked;
    this.#frameBytesMax = options.frameBytesMax ?? FRAME_BYTES_MAX;
    this.#sse = new SseScanner({ frameBytesMax: this.#frameBytesMax });
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
      const chunk = frame.data === null ? null : parseObject(frame.data);
      events.push(...this.#tally.frame(this.#read(frame, chunk)));
      if (chunk === null || this.#usageAsked) relay.add(frame.raw);
      else if (!isUsageChunk(chunk)) relay.add(this.#stripped(frame, chunk));
    }
    return { events, relay: relay.pieces() };
  }

  #read(frame: SseFrame, chunk: Json | null): StreamEvent[] {
    if (chunk === null) return [{ kind: frame.data !== null && DONE.equals(frame.data) ? 'done' : 'other' }];
    const isFirst = !this.#hasStarted && Array.isArray(chunk.choices);
    if (isFirst) this.#hasStarted = true;
    return chatEvents(chunk, isFirst);
  }

  /** The frame without the member `"usage":null` of its chunk; as it is where that cannot be cut out cleanly. */
  #stripped({ raw, data, dataAt }: SseFrame, chunk: Json): Uint8Array {
    if (chunk.usage !== null || data === null || dataAt < 0) return raw;
    const stripped = withoutUsage(data, this.#frameBytesMax);
    if (stripped === data) return raw;
    return Buffer.concat([raw.subarray(0, dataAt), stripped, raw.subarray(dataAt + data.length)]);
  }
}

/** The chunk that `include_usage` adds: no choices, only usage. */
function isUsageChunk(chunk: Json): boolean {
  const { choices, usage } = chunk;
  return Array.isArray(choices) && choices.length === 0 && typeof usage === 'object' && usage !== null;
}

function withoutUsage(data: Uint8Array, bytesMax: number): Uint8Array {
  try {
    return splice(data, walkBody(data, ANY_OBJECT, { bytesMax }), [{ path: ['usage'], json: null }]);
  } catch {
    // JSON that the strict walker does not take (a duplicate key, great depth): a stray `usage: null` harms nobody.
    return data;
  }
}
