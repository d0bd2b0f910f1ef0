import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OpenAiResponsesScanner } from './openai-responses.ts';

function run(chunks: readonly Uint8Array[]) {
  const scanner = new OpenAiResponsesScanner();
  const scans = [...chunks.map((chunk) => scanner.push(chunk)), scanner.end()];
  const relayed = Buffer.concat(scans.flatMap(({ relay }) => relay)).toString();
  return { events: scans.flatMap(({ events }) => events), relayed, summary: scanner.summary() };
}

const frame = (type: string, more: object) => `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: 1, ...more })}\n\n`;
const usage = {
  input_tokens: 36,
  input_tokens_details: { cached_tokens: 6 },
  output_tokens: 87,
  output_tokens_details: { reasoning_tokens: 50 },
  total_tokens: 123,
};
const STREAM = [
  frame('response.created', { response: { id: 'resp_1', model: 'gpt-5', status: 'in_progress', usage: null } }),
  frame('response.in_progress', { response: { id: 'resp_1', usage: null } }),
  frame('response.output_text.delta', { output_index: 1, delta: 'Grüße' }),
  frame('response.function_call_arguments.delta', { output_index: 2, delta: '{}' }),
  frame('response.output_text.done', { text: 'Grüße' }),
  frame('response.completed', { response: { id: 'resp_1', status: 'completed', usage } }),
].join('');

describe('OpenAiResponsesScanner', () => {
  it('tells what the stream says, and relays every byte', () => {
    const { events, relayed, summary } = run([Buffer.from(STREAM)]);
    expect(events).toEqual([
      { kind: 'start', id: 'resp_1', model: 'gpt-5' },
      { kind: 'other' },
      { kind: 'delta', choice: 1, bytes: 7 },
      { kind: 'delta', choice: 2, bytes: 2 },
      { kind: 'other' },
      { kind: 'usage', usage: expect.objectContaining({ input: 30n, cached_input: 6n, output: 37n, reasoning: 50n }) },
      { kind: 'stop', choice: 0, reason: 'completed' },
      { kind: 'done' },
    ]);
    expect(relayed).toBe(STREAM);
    expect(summary).toMatchObject({ contentBytes: 9, deltas: 2, finishReasons: ['completed'], done: true });
  });

  it('reads the other endings', () => {
    const incomplete = frame('response.incomplete', { response: { incomplete_details: { reason: 'max_output_tokens' }, usage } });
    expect(run([Buffer.from(incomplete)]).summary).toMatchObject({ finishReasons: ['max_output_tokens'], done: true, errorCode: null });
    const failed = frame('response.failed', { response: { error: { code: 'server_error', message: 'x' }, usage: null } });
    expect(run([Buffer.from(failed)]).summary).toMatchObject({ finishReasons: ['failed'], errorCode: 'server_error', usage: null });
    expect(run([Buffer.from(frame('error', { code: 'rate_limit_exceeded', message: 'x' }))]).summary).toMatchObject({
      errorCode: 'rate_limit_exceeded',
      done: false,
    });
  });

  it('takes an error for one in any frame, for its words are not to be relayed', () => {
    for (const bare of ['data: {"error":{"code":"x"}}\n\n', frame('response.created', { error: { code: 'x' } })]) {
      expect(run([Buffer.from(bare)]).summary).toMatchObject({ errorCode: 'x', done: false });
    }
    expect(run([Buffer.from('event: error\ndata: down\n\n')]).summary.errorCode).toBe('unknown');
    expect(run([Buffer.from(frame('response.created', { error: null, response: {} }))]).summary.errorCode).toBeNull();
  });

  it('says where usage was there but unusable', () => {
    const bad = frame('response.completed', { response: { usage: { ...usage, total_tokens: 1 } } });
    expect(run([Buffer.from(bad)]).summary).toMatchObject({ usage: null, usageUnusable: 1, done: true });
  });

  it('takes the event name from the frame where the data has none', () => {
    expect(run([Buffer.from('event: response.output_text.delta\ndata: {"delta":"abc"}\n\n')]).summary.contentBytes).toBe(3);
  });

  it('gives the same events, bytes and summary however the stream is cut', () => {
    const bytes = Buffer.from(STREAM);
    const whole = run([bytes]);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
        const points = [...cuts, 0, bytes.length].toSorted((a, b) => a - b);
        expect(run(points.slice(1).map((end, i) => bytes.subarray(points[i], end)))).toEqual(whole);
      }),
      { numRuns: 100 },
    );
  });
});
