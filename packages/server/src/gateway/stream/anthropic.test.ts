import { usageTotal } from '@tallystick/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnthropicScanner } from './anthropic.ts';
import type { StreamSummary } from './events.ts';

function run(text: string) {
  const scanner = new AnthropicScanner();
  const scans = [scanner.push(Buffer.from(text)), scanner.end()];
  const relayed = Buffer.concat(scans.flatMap(({ relay }) => relay)).toString();
  return { events: scans.flatMap(({ events }) => events), relayed, summary: scanner.summary() };
}

/** Whether the usage may be settled at once the answer has ended. */
const isLastWord = ({ usage, usageStale, usageUnusable }: StreamSummary) => usage !== null && !usageStale && usageUnusable === 0;

const frame = (type: string, more: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const start = (usage?: unknown) =>
  frame('message_start', { message: { id: 'msg_1', type: 'message', model: 'claude-x', content: [], stop_reason: null, usage } });
const block = (content_block: object) => frame('content_block_start', { index: 0, content_block });
const content = (delta: object) => frame('content_block_delta', { index: 0, delta });
const text = (text: string) => content({ type: 'text_delta', text });
const end = (usage?: unknown, stop_reason: string | null = 'end_turn') =>
  frame('message_delta', { delta: { stop_reason, stop_sequence: null }, usage });
const BLOCK_STOP = frame('content_block_stop', { index: 0 });
const STOP = frame('message_stop');

const STREAM = [
  ': a comment\n\n',
  start({ input_tokens: 25, cache_creation_input_tokens: 0, cache_read_input_tokens: 7, output_tokens: 1 }),
  frame('ping'),
  block({ type: 'thinking', thinking: '', signature: '' }),
  content({ type: 'thinking_delta', thinking: 'hm…' }),
  content({ type: 'signature_delta', signature: 'EqQBCg' }),
  BLOCK_STOP,
  block({ type: 'text', text: '' }),
  text('Grüße'),
  content({ type: 'citations_delta', citation: { cited_text: 'a long quotation' } }),
  block({ type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} }),
  content({ type: 'input_json_delta', partial_json: '{"a"' }),
  frame('something_new', { delta: { text: 'unknown' } }),
  end({ output_tokens: 90, output_tokens_details: { thinking_tokens: 60 } }, 'tool_use'),
  STOP,
].join('');

describe('AnthropicScanner', () => {
  it('tells what the stream says, and relays every byte', () => {
    const { events, relayed, summary } = run(STREAM);
    expect(events.map(({ kind }) => kind).join(' ')).toBe(
      'other start hidden usage other hidden delta hidden other hidden delta hidden hidden delta other stop usage done',
    );
    expect(events[1]).toEqual({ kind: 'start', id: 'msg_1', model: 'claude-x' });
    expect(relayed).toBe(STREAM);
    expect(summary).toMatchObject({
      contentBytes: 5 + 7 + 4,
      deltas: 3,
      finishReasons: ['tool_use'],
      done: true,
      choicesEndedAtUsage: 1,
    });
    expect(summary.usage).toMatchObject({ input: 25n, cached_input: 7n, output: 30n, reasoning: 60n });
    expect(isLastWord(summary)).toBe(true);
  });

  it('has the last word only from the final report on, wherever the stream is cut', () => {
    const bytes = Buffer.from(STREAM);
    const said = bytes.indexOf('\n\nevent: message_stop');
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const scanner = new AnthropicScanner();
      scanner.push(bytes.subarray(0, cut));
      scanner.end();
      expect([cut, isLastWord(scanner.summary())]).toEqual([cut, cut >= said]);
    }
  });

  it.each([
    ['text at once', block({ type: 'text', text: 'é' }), 2],
    ['a whole tool call at once', block({ type: 'tool_use', name: 'ab', input: { q: ['é', 1, { z: null }] } }), 1 + 2 + 1 + 1],
    ['encrypted thinking', block({ type: 'redacted_thinking', data: 'xxxx' }), 0],
    ['no block', frame('content_block_start'), 0],
    ['no delta', frame('content_block_delta', { delta: 'text' }), 0],
    ['a text that is none', content({ type: 'text_delta', text: 7 }), 0],
    ['the name in the frame only', 'event: content_block_delta\ndata: {"delta":{"text":"abc"}}\n\n', 3],
    ['the name in the data only', 'data: {"type":"content_block_delta","delta":{"text":"abc"}}\n\n', 3],
    ['a deep input', `data: {"type":"content_block_start","content_block":{"input":${'['.repeat(1e5)}7${']'.repeat(1e5)}}}\n\n`, 1],
  ])('counts visible text: %s', (_, given, bytes) => {
    expect(run(given).summary.contentBytes).toBe(bytes);
  });

  const prompt = { input_tokens: 100, cache_read_input_tokens: 20, output_tokens: 1 };
  const usage = (input: number, cached: number, write5m: number, write1h: number, output: number) => ({
    input: BigInt(input),
    cached_input: BigInt(cached),
    cache_write_5m: BigInt(write5m),
    cache_write_1h: BigInt(write1h),
    output: BigInt(output),
    reasoning: 0n,
  });
  it.each([
    ['output alone', prompt, { output_tokens: 9 }, usage(100, 20, 0, 0, 9)],
    ['nulls', prompt, { output_tokens: 9, input_tokens: null, cache_read_input_tokens: null }, usage(100, 20, 0, 0, 9)],
    ['cache counts in both', prompt, { input_tokens: 100, cache_read_input_tokens: 20, output_tokens: 9 }, usage(100, 20, 0, 0, 9)],
    ['a smaller prompt, split later', { input_tokens: 8834, output_tokens: 0 }, { ...prompt, output_tokens: 9 }, usage(8834, 0, 0, 0, 9)],
    ['a larger prompt, split later', { input_tokens: 88, output_tokens: 0 }, { ...prompt, output_tokens: 9 }, usage(100, 20, 0, 0, 9)],
    ['a prompt that shrinks', prompt, { input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 9 }, usage(100, 20, 0, 0, 9)],
    ['output that shrinks', { ...prompt, output_tokens: 12 }, { output_tokens: 3 }, usage(100, 20, 0, 0, 12)],
    ['explicit zeros', { input_tokens: 0, output_tokens: 0 }, { output_tokens: 0 }, usage(0, 0, 0, 0, 0)],
    ['all in the last', undefined, { ...prompt, output_tokens: 9 }, usage(100, 20, 0, 0, 9)],
    [
      'writes by their lives',
      { ...prompt, cache_creation_input_tokens: 50, cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 40 } },
      { output_tokens: 9, cache_creation_input_tokens: 50, cache_creation: {} },
      usage(100, 20, 10, 40, 9),
    ],
  ])('makes one bill of both reports: %s', (_, first, last, expected) => {
    const { summary } = run(start(first) + text('x') + end(last) + STOP);
    expect(summary.usage).toEqual(expected);
    expect(isLastWord(summary)).toBe(true);
  });

  it.each([
    ['negative', { output_tokens: -1 }],
    ['a fraction', { output_tokens: 1.5 }],
    ['over 2^53', { output_tokens: 2 ** 53 }],
    ['a text', { output_tokens: '9' }],
    ['a bad cache count', { output_tokens: 9, cache_read_input_tokens: 'many' }],
    ['a bad split', { output_tokens: 9, cache_creation: 'x' }],
    ['more thinking than output', { output_tokens: 9, output_tokens_details: { thinking_tokens: 10 } }],
    ['hidden passes', { output_tokens: 9, iterations: [{ type: 'message' }, { type: 'compaction' }] }],
    ['tools that ran there', { output_tokens: 9, server_tool_use: { web_search_requests: 1 } }],
    ['no object', 7],
    ['a list', []],
  ])('takes no word of a report that is %s, nor of the stream', (_, last) => {
    const { summary } = run(start(prompt) + text('x') + end(last) + end({ output_tokens: 9 }) + STOP);
    expect(summary.usageUnusable).toBeGreaterThanOrEqual(1);
    const first = run(start(last) + text('x') + end({ input_tokens: 100, output_tokens: 9 }) + STOP).summary;
    expect(first.usageUnusable).toBeGreaterThanOrEqual(1);
  });

  it.each([
    ['no report at the end', start(prompt) + text('x') + end() + STOP],
    ['no report at the end of an empty answer', start(prompt) + end() + STOP],
    ['no end but the last event', start(prompt) + STOP],
    ['a report without output', start(prompt) + text('x') + end({}) + STOP],
    ['a report before the stop', start(prompt) + end({ output_tokens: 9 }, null) + end(undefined) + STOP],
    ['text after the report', start(prompt) + end({ output_tokens: 9 }) + text('x') + STOP],
    ['hidden output after the report', start(prompt) + end({ output_tokens: 9 }) + block({ type: 'redacted_thinking', data: 'x' }) + STOP],
    ['text after the end', start(prompt) + end({ output_tokens: 9 }) + STOP + text('x')],
    ['a second answer begun', start(prompt) + end({ output_tokens: 9 }) + STOP + start()],
  ])('has no last word with %s', (_, given) => {
    const { summary } = run(given);
    expect(summary).toMatchObject({ done: true, usageStale: true, usageUnusable: 0 });
    expect(summary.usage).not.toBeNull();
  });

  it('takes a report after the stop', () => {
    const { summary } = run(start(prompt) + text('x') + end() + end({ output_tokens: 9 }, null));
    expect(summary).toMatchObject({ choicesEndedAtUsage: 1, done: false, usage: { output: 9n } });
    expect(isLastWord(summary)).toBe(true);
  });

  it('bills both answers of a stream that has two', () => {
    const answer = (output: number) => start(prompt) + text('x') + end({ output_tokens: output }) + STOP;
    const { summary } = run(answer(9) + answer(5));
    expect(summary.usage).toEqual(usage(200, 40, 0, 0, 14));
    expect(isLastWord(summary)).toBe(true);
    expect(
      isLastWord(
        run(
          answer(9) +
            answer(5)
              .replace(STOP, '')
              .replace(end({ output_tokens: 5 }), ''),
        ).summary,
      ),
    ).toBe(false);
  });

  it('lets the second answer inherit nothing of the first', () => {
    const first = start(prompt) + end({ output_tokens: 9 }) + STOP;
    const second = start({ input_tokens: 100, output_tokens: 1 }) + text('x');
    expect(run(first + second + end({ output_tokens: 5 })).summary.usage).toEqual(usage(200, 20, 0, 0, 14));
    expect(isLastWord(run(first + second + end({ output_tokens: 5 }, null) + STOP).summary)).toBe(false);
  });

  it.each([
    ['at all', start(prompt) + text('x')],
    ['to its end', start(prompt) + end({ output_tokens: 1 }) + text('x')],
  ])('knows no bill where an answer begins before the last was reported %s', (_, first) => {
    const { summary } = run(first + start(prompt) + text('x') + end({ output_tokens: 5 }) + STOP);
    expect(summary).toMatchObject({ usageUnusable: 1, usage: usage(200, 40, 0, 0, 6) });
  });

  it.each([
    ['overloaded', frame('error', { error: { type: 'overloaded_error', message: 'sk-secret' } }), 'overloaded_error'],
    ['named by the frame only', 'event: error\ndata: {"error":{"type":"api_error"}}\n\n', 'api_error'],
    ['not JSON', 'event: error\ndata: boom\n\n', 'unknown'],
    ['without a type', 'data: {"error":"boom"}\n\n', 'unknown'],
  ])('reports an error in the stream: %s', (_, error, code) => {
    const { events, summary } = run(start(prompt) + text('x') + error);
    expect(events.at(-1)).toEqual({ kind: 'error', code });
    expect(summary).toMatchObject({ errorCode: code, done: false, usageStale: true });
  });

  it('never lets a report lower what is known, and loses no answer', () => {
    const counts = fc.record({ input_tokens: fc.nat(50), output_tokens: fc.nat(50) });
    const answer = fc.record({ first: counts, later: fc.array(counts, { minLength: 1, maxLength: 4 }), hasText: fc.boolean() });
    fc.assert(
      fc.property(fc.array(answer, { minLength: 1, maxLength: 3 }), (answers) => {
        const scanner = new AnthropicScanner();
        let total = 0n;
        for (const { first, later, hasText } of answers) {
          for (const given of [start(first), hasText ? text('x') : '', ...later.map((report) => end(report)), STOP]) {
            scanner.push(Buffer.from(given));
            const { usage: known } = scanner.summary();
            const now = known === null ? 0n : usageTotal(known);
            expect(now).toBeGreaterThanOrEqual(total);
            total = now;
          }
        }
        const most = (name: 'input_tokens' | 'output_tokens') =>
          answers.reduce((sum, { first, later }) => sum + Math.max(...[first, ...later].map((report) => report[name])), 0);
        expect(total).toBe(BigInt(most('input_tokens') + most('output_tokens')));
        expect(isLastWord(scanner.summary())).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
