import type { Stop } from '../types.ts';
import { bodyOf, type PoolDialect, type StreamReader, type TurnAsk, type Wire } from './dialect.ts';
import { gatewayError, objectOf, parseEvent, textOf } from './event.ts';

/** `stop_reason`, as https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons has it. */
const STOPS: Readonly<Record<string, Stop>> = {
  end_turn: 'end',
  stop_sequence: 'end',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  refusal: 'refused',
};

/**
 * Messages. Thinking is not kept: without tools the provider takes it out of earlier turns itself. An assistant's text may be neither empty nor
 * only white space, and none that the provider has written ends in it.
 */
export const ANTHROPIC: PoolDialect = { endpoint: 'messages', wire, reader: () => new MessagesReader() };

function wire({ model, system, task, written, reply, output }: TurnAsk): Wire {
  const answer = written
    .map(({ text }) => text)
    .join('')
    .trimEnd();
  const messages = [
    { role: 'user', content: task },
    ...(answer === '' ? [] : [{ role: 'assistant', content: answer }]),
    ...(reply === null ? [] : [{ role: 'user', content: reply }]),
  ];
  const body = { model, max_tokens: Number(output), ...(system === null ? {} : { system }), messages, stream: true };
  return { path: '/v1/messages', body: bodyOf(body, output), messages: messages.length + (system === null ? 0 : 1), rendered: 0 };
}

class MessagesReader implements StreamReader {
  #stop: Stop | null = null;
  #isWhole = false;

  read(data: string): string {
    const event = parseEvent(data);
    switch (event['type']) {
      case 'content_block_start':
        return textOf(objectOf(event['content_block'])['text']);
      case 'content_block_delta': {
        const delta = objectOf(event['delta']);
        return delta['type'] === 'text_delta' ? textOf(delta['text']) : '';
      }
      case 'message_delta': {
        const reason = objectOf(event['delta'])['stop_reason'];
        if (typeof reason === 'string') this.#stop = STOPS[reason] ?? 'other';
        return '';
      }
      case 'message_stop':
        this.#isWhole = true;
        return '';
      case 'error': {
        const { code, message } = objectOf(event['error']);
        throw gatewayError(code, message);
      }
      default:
        return '';
    }
  }

  end() {
    return this.#stop === null || !this.#isWhole ? null : { stop: this.#stop, kept: null };
  }
}
