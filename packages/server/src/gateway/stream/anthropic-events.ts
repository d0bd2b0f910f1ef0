import { AnthropicBill } from './anthropic-bill.ts';
import type { StreamEvent } from './events.ts';
import type { FrameReader } from './frame-scanner.ts';
import { asName, asObject, bytesWithin, errorCode, type Json, textBytes } from './json.ts';
import type { SseFrame } from './sse.ts';

/**
 * What the events of a messages stream say (`{type, message | content_block | delta | usage | error}`). The event's name is read where
 * the data has no `type`; an event named `error` is one whatever its data says, for so the official SDK reads it.
 */
export class AnthropicReader implements FrameReader {
  readonly #bill = new AnthropicBill();

  read({ event }: SseFrame, json: Json | null): StreamEvent[] {
    if (json === null) return [];
    const type = typeof json.type === 'string' ? json.type : event;
    const { error } = json;
    if (type === 'error' || event === 'error' || (error !== undefined && error !== null))
      return [{ kind: 'error', code: errorCode(error) }];
    if (type === 'message_start') return this.#start(asObject(json.message));
    if (type === 'content_block_start') return [this.#output(blockBytes(asObject(json.content_block)))];
    if (type === 'content_block_delta') return [this.#output(deltaBytes(asObject(json.delta)))];
    if (type === 'message_delta') return this.#delta(json);
    return type === 'message_stop' ? [{ kind: 'done' }] : [];
  }

  #start(message: Json | null): StreamEvent[] {
    return [{ kind: 'start', id: asName(message?.id), model: asName(message?.model) }, ...this.#bill.begin(message?.usage)];
  }

  /** Content without visible text is output all the same: no report from before it covers it. */
  #output(bytes: number): StreamEvent {
    this.#bill.output();
    return bytes > 0 ? { kind: 'delta', choice: 0, bytes } : { kind: 'hidden' };
  }

  #delta({ delta, usage }: Json): StreamEvent[] {
    const reason = asName(asObject(delta)?.stop_reason);
    if (reason === null) return this.#bill.report(usage);
    this.#bill.stop();
    return [{ kind: 'stop', choice: 0, reason }, ...this.#bill.report(usage)];
  }
}

/**
 * Not the name of a tool: where the request names it, no token of the limit need pay for it. Its input is `{}` here and comes in deltas,
 * but for servers that send it at once.
 */
function blockBytes(block: Json | null): number {
  if (block === null) return 0;
  return textBytes(block.text) + textBytes(block.thinking) + bytesWithin(block.input);
}

/** Signatures are opaque, and what a citation quotes is the caller's own document: neither is text that the model has made. */
function deltaBytes(delta: Json | null): number {
  return delta === null ? 0 : textBytes(delta.text) + textBytes(delta.thinking) + textBytes(delta.partial_json);
}
