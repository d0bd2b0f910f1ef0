import type { ObjectNode } from '../body/schema.ts';
import { splice } from '../body/splice.ts';
import { walkBody } from '../body/walk.ts';
import type { StreamEvent } from './events.ts';
import { type FrameReader, FrameScanner } from './frame-scanner.ts';
import type { Json } from './json.ts';
import { chatEvents } from './openai-chat-events.ts';
import { FRAME_BYTES_MAX, type SseFrame } from './sse.ts';

const ANY_OBJECT: ObjectNode = { kind: 'object', fields: {}, rest: { kind: 'any' } };
const DONE = Buffer.from('[DONE]');
const NOTHING = new Uint8Array(0);

type ChatOptions = {
  /** Whether the caller itself asked for usage. */
  readonly usageAsked: boolean;
  /** Answers that were asked for (`n`); 1 where not given. */
  readonly choices?: number;
  readonly frameBytesMax?: number;
};

/**
 * Scans a chat completion stream. The gateway always asks the upstream for usage (`stream_options.include_usage`); where the caller did
 * not, the extra chunk and the `"usage":null` of all others are taken out again, and every other byte is relayed as it came.
 */
export class OpenAiChatScanner extends FrameScanner {
  constructor(options: ChatOptions) {
    super(new ChatReader(options), options);
  }
}

class ChatReader implements FrameReader {
  readonly #usageAsked: boolean;
  readonly #frameBytesMax: number;
  readonly #choices: number;
  #hasStarted = false;

  constructor(options: ChatOptions) {
    this.#usageAsked = options.usageAsked;
    this.#frameBytesMax = options.frameBytesMax ?? FRAME_BYTES_MAX;
    this.#choices = options.choices ?? 1;
  }

  read(frame: SseFrame, chunk: Json | null): StreamEvent[] {
    if (chunk === null) return [{ kind: frame.data !== null && DONE.equals(frame.data) ? 'done' : 'other' }];
    const isFirst = !this.#hasStarted && Array.isArray(chunk.choices);
    if (isFirst) this.#hasStarted = true;
    return chatEvents(chunk, isFirst, this.#choices);
  }

  relay(frame: SseFrame, chunk: Json | null): Uint8Array {
    if (chunk === null || this.#usageAsked) return frame.raw;
    return isUsageChunk(chunk) ? NOTHING : this.#stripped(frame, chunk);
  }

  /** The frame without the member `"usage":null` of its chunk; as it is where that cannot be cut out cleanly. */
  #stripped({ raw, data, dataAt }: SseFrame, chunk: Json): Uint8Array {
    if (chunk.usage !== null || data === null || dataAt < 0) return raw;
    const at = plainUsageAt(data);
    if (at !== -1) return withoutSpan(raw, dataAt + at, dataAt + at + PLAIN_USAGE.length);
    const stripped = withoutUsage(data, this.#frameBytesMax);
    if (stripped === data) return raw;
    return Buffer.concat([raw.subarray(0, dataAt), stripped, raw.subarray(dataAt + data.length)]);
  }
}

/** As every known server writes it, behind another member. */
const PLAIN_USAGE = Buffer.from(',"usage":null');
const USAGE_KEY = Buffer.from('"usage"');
const [QUOTE, BACKSLASH, COMMA, OPEN_BRACE, OPEN_BRACKET, CLOSE_BRACE, CLOSE_BRACKET] = [0x22, 0x5c, 0x2c, 0x7b, 0x5b, 0x7d, 0x5d];

/**
 * Where the top-level member stands in its usual spelling, with the comma before it; −1 where it has another one, or where the word
 * stands anywhere else as well. One pass over strings and brackets: the strict walker takes ten times as long, and this is every frame.
 * @param data JSON that has been parsed.
 */
function plainUsageAt(data: Uint8Array): number {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const at = bytes.indexOf(PLAIN_USAGE);
  if (at === -1 || bytes.indexOf(USAGE_KEY) !== at + 1 || bytes.indexOf(USAGE_KEY, at + 2) !== -1) return -1;
  const next = bytes[at + PLAIN_USAGE.length];
  return (next === COMMA || next === CLOSE_BRACE) && depthAt(bytes, at) === 1 ? at : -1;
}

/** How many objects and lists are open at a place; −1 inside a string. */
function depthAt(bytes: Uint8Array, place: number): number {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < place; at += 1) {
    const byte = bytes[at];
    if (inString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
  }
  return inString ? -1 : depth;
}

function withoutSpan(raw: Uint8Array, from: number, to: number): Uint8Array {
  const out = Buffer.allocUnsafe(raw.length - (to - from));
  out.set(raw.subarray(0, from));
  out.set(raw.subarray(to), from);
  return out;
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
