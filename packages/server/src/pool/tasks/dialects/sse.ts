import { TallyError } from '@tallystick/core';

/** No event of an answer of text is as long. */
const EVENT_CHARS_MAX = 16_777_216;

/** The data of each event of a stream (https://html.spec.whatwg.org/multipage/server-sent-events.html); events without data are none. */
export class SseData {
  readonly #decoder = new TextDecoder();
  #rest = '';

  push(bytes: Uint8Array): readonly string[] {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    const end = Math.max(endOf(this.#rest, '\n\n'), endOf(this.#rest, '\r\n\r\n'));
    const whole = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end);
    if (this.#rest.length > EVENT_CHARS_MAX) throw new TallyError('UPSTREAM_ERROR', 'An event of the answer has no end.');
    return whole.split(/\r?\n\r?\n/).flatMap(dataOf);
  }
}

function dataOf(event: string): readonly string[] {
  const lines = event.split(/\r?\n/).filter((line) => line.startsWith('data:'));
  return lines.length === 0 ? [] : [lines.map((line) => line.slice(5).replace(/^ /, '')).join('\n')];
}

/** @returns where the last such gap ends; 0 = there is none. */
function endOf(text: string, gap: string): number {
  const at = text.lastIndexOf(gap);
  return at === -1 ? 0 : at + gap.length;
}
