import type { Stop } from '../types.ts';
import { bodyOf, type PoolDialect, type StreamReader, type TurnAsk, type Wire, type Written } from './dialect.ts';
import { gatewayError, type Json, listOf, objectOf, parseEvent, textOf } from './event.ts';

/** `FinishReason`, as https://ai.google.dev/api/generate-content has it. */
const STOPS: Readonly<Record<string, Stop>> = {
  STOP: 'end',
  MAX_TOKENS: 'length',
  SAFETY: 'refused',
  RECITATION: 'refused',
  BLOCKLIST: 'refused',
  PROHIBITED_CONTENT: 'refused',
  SPII: 'refused',
};

/**
 * A part of the model's turn as it goes back. Signatures stand on the part that they came on, an empty one included, and two signed parts are
 * never joined (https://ai.google.dev/gemini-api/docs/thought-signatures). On parts of text they are wanted, not demanded.
 */
type Part = { readonly text: string; readonly thoughtSignature?: string };

/** The generation config with the longest limit, and how many times more the gateway counts it: it is written anew by the provider. */
const CONFIG_BYTES = '{"maxOutputTokens":999999999}'.length;
const RENDERED_AGAIN = 9;

/** `streamGenerateContent`. */
export const GOOGLE: PoolDialect = { endpoint: 'generate', wire, reader: () => new GenerateReader() };

function wire({ model, system, task, written, reply, output, marked }: TurnAsk): Wire {
  const parts = written.flatMap((piece) => partsOf(piece, marked));
  const contents = [
    { role: 'user', parts: [{ text: task }] },
    ...(parts.length === 0 ? [] : [{ role: 'model', parts }]),
    ...(reply === null ? [] : [{ role: 'user', parts: [{ text: reply }] }]),
  ];
  const body = {
    contents,
    ...(system === null ? {} : { systemInstruction: { parts: [{ text: system }] } }),
    generationConfig: { maxOutputTokens: Number(output) },
  };
  const path = `/v1beta/models/${encodeURIComponent(model)}:streamGenerateContent?alt=sse`;
  // A content and each of its parts count as a message.
  const messages = contents.reduce((sum, content) => sum + 1 + content.parts.length, system === null ? 0 : 2);
  return { path, body: bodyOf(body, output), messages, rendered: CONFIG_BYTES * RENDERED_AGAIN };
}

function partsOf({ text, kept }: Written, marked: boolean): readonly Part[] {
  if (marked && kept !== null) return JSON.parse(kept) as readonly Part[];
  return text === '' ? [] : [{ text }];
}

class GenerateReader implements StreamReader {
  readonly #parts: Part[] = [];
  #stop: Stop | null = null;

  read(data: string): string {
    const event = parseEvent(data);
    if ('error' in event) throw reportedError(objectOf(event['error']));
    // A prompt that is blocked gets no candidate at all.
    if (typeof objectOf(event['promptFeedback'])['blockReason'] === 'string') this.#stop = 'refused';
    let text = '';
    for (const candidate of listOf(event['candidates'])) {
      for (const part of listOf(objectOf(candidate['content'])['parts'])) text += this.#take(part);
      const reason = candidate['finishReason'];
      if (typeof reason === 'string') this.#stop = STOPS[reason] ?? 'other';
    }
    return text;
  }

  end() {
    const kept = this.#parts.some(({ thoughtSignature }) => thoughtSignature !== undefined) ? JSON.stringify(this.#parts) : null;
    return this.#stop === null ? null : { stop: this.#stop, kept };
  }

  /** Summaries of thoughts are no part of the answer. */
  #take(part: Json): string {
    if (part['thought'] === true) return '';
    const text = textOf(part['text']);
    const signature = textOf(part['thoughtSignature']);
    const last = this.#parts.at(-1);
    if (signature !== '') this.#parts.push({ text, thoughtSignature: signature });
    else if (last !== undefined && last.thoughtSignature === undefined) this.#parts[this.#parts.length - 1] = { text: last.text + text };
    else if (text !== '') this.#parts.push({ text });
    return text;
  }
}

function reportedError({ message, details }: Json) {
  const reason = listOf(details).find((detail) => textOf(detail['@type']).endsWith('ErrorInfo'))?.['reason'];
  return gatewayError(reason, message);
}
