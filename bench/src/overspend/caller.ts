import type { LotWay } from './gateway.ts';
import { promptOf } from './meter.ts';

/** One call as OpenAI's SDK sends it, without retries. */
export type Ask = {
  readonly inputTokens: number;
  /** What the model has to say. */
  readonly write: number;
  /** `max_tokens`; null: the caller names none. */
  readonly outputMax: number | null;
  readonly isStream: boolean;
  /** What the prompt is made of. A tokenizer has one token for it, whatever its length. */
  readonly word: string;
};

/** `lost`: no answer, or one that broke off. `refused`: the gateway said no, in its own words. */
export type Fate =
  | { readonly is: 'served' | 'lost'; readonly said: null }
  /** `status`: 200 where the refusal came inside a stream. */
  | { readonly is: 'refused'; readonly said: { readonly status: number; readonly text: string } };

const SERVED: Fate = { is: 'served', said: null };
const LOST: Fate = { is: 'lost', said: null };
const REFUSAL_CHARS_MAX = 160;

function refused(status: number, text: string): Fate {
  return { is: 'refused', said: { status, text: text.slice(0, REFUSAL_CHARS_MAX) } };
}

const ANSWER_MS_MAX = 30_000;

/** The least that anything can cost here. */
export const SMALLEST: Ask = { inputTokens: 2, write: 1, outputMax: 1, isStream: false, word: 'tally' };

/** What the upstream bills for a call that is served whole. */
export function costOf({ inputTokens, write, outputMax }: Ask): number {
  return inputTokens + Math.min(write, outputMax ?? write);
}

export async function call(way: LotWay, ask: Ask): Promise<Fate> {
  try {
    const response = await send(way, ask, AbortSignal.timeout(ANSWER_MS_MAX));
    const text = await response.text();
    if (!response.ok) return refused(response.status, text);
    if (!ask.isStream || text.includes('data: [DONE]')) return SERVED;
    return text.includes('"error"') ? refused(response.status, text) : LOST;
  } catch {
    return LOST;
  }
}

/** Begins a stream and hangs up when its first words are there. @returns `served` where there were any. */
export async function abandon(way: LotWay, ask: Ask): Promise<Fate> {
  const gone = new AbortController();
  try {
    const response = await send(way, { ...ask, isStream: true }, AbortSignal.any([gone.signal, AbortSignal.timeout(ANSWER_MS_MAX)]));
    if (!response.ok || response.body === null) {
      return refused(response.status, await response.text());
    }
    const text = new TextDecoder();
    let heard = '';
    for await (const bytes of response.body) {
      heard += text.decode(bytes, { stream: true });
      if (heard.includes('tally') || heard.includes('"error"')) break;
    }
    return heard.includes('tally') ? SERVED : refused(response.status, heard);
  } catch {
    return LOST;
  } finally {
    gone.abort();
  }
}

function send({ url, headers, model }: LotWay, ask: Ask, signal: AbortSignal): Promise<Response> {
  const { inputTokens, write, outputMax, isStream, word } = ask;
  const body = {
    model,
    messages: [{ role: 'user', content: promptOf(inputTokens, write, word) }],
    ...(outputMax === null ? {} : { max_tokens: outputMax }),
    ...(isStream ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
  const init = { 'content-type': 'application/json', accept: 'application/json', ...headers };
  return fetch(url, { method: 'POST', headers: init, body: JSON.stringify(body), signal });
}
