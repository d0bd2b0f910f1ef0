import type { Stop } from '../types.ts';
import { bodyOf, type PoolDialect, type StreamReader, type TurnAsk, type Wire } from './dialect.ts';
import { gatewayError, listOf, objectOf, parseEvent, textOf } from './event.ts';

/** `finish_reason`, as https://platform.openai.com/docs/api-reference/chat has it; a refusal is text of its own with an ordinary reason. */
const STOPS: Readonly<Record<string, Stop>> = { stop: 'end', length: 'length', content_filter: 'refused' };

/** Chat completions: what OpenAI and all servers that speak like it have. */
export const OPENAI: PoolDialect = { endpoint: 'chat', wire, reader: () => new ChatReader() };

function wire({ model, system, task, written, reply, output }: TurnAsk): Wire {
  const answer = written.map(({ text }) => text).join('');
  const messages = [
    // Every server knows this role; those that have another for it take it as that.
    ...(system === null ? [] : [{ role: 'system', content: system }]),
    { role: 'user', content: task },
    ...(answer === '' ? [] : [{ role: 'assistant', content: answer }]),
    ...(reply === null ? [] : [{ role: 'user', content: reply }]),
  ];
  const body = { model, messages, max_completion_tokens: Number(output), stream: true };
  return { path: '/v1/chat/completions', body: bodyOf(body, output), messages: messages.length, rendered: 0 };
}

class ChatReader implements StreamReader {
  #stop: Stop | null = null;
  #refused = false;

  read(data: string): string {
    if (data === '[DONE]') return '';
    const event = parseEvent(data);
    if ('error' in event) {
      const { code, message } = objectOf(event['error']);
      throw gatewayError(code, message);
    }
    let text = '';
    for (const choice of listOf(event['choices'])) {
      const delta = objectOf(choice['delta']);
      const refusal = textOf(delta['refusal']);
      if (refusal !== '') this.#refused = true;
      text += textOf(delta['content']) + refusal;
      const reason = choice['finish_reason'];
      if (typeof reason === 'string') this.#stop = STOPS[reason] ?? 'other';
    }
    return text;
  }

  end() {
    return this.#stop === null ? null : { stop: this.#refused ? ('refused' as const) : this.#stop, kept: null };
  }
}
