import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MODEL_OUTPUT_TOKENS_MAX, promptOf, readCall } from './meter.ts';

const read = (prompt: unknown, more: object = {}) =>
  readCall(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: prompt }], ...more }));

describe('readCall', () => {
  it('bills one token per word of the prompt, and what the model has to say', () => {
    expect(read(promptOf(20, 400, 'tally'))).toMatchObject({ inputTokens: 20, outputTokens: 400, finish: 'stop', isStream: false });
  });

  it('never bills more output than it was allowed, under either name', () => {
    const output = fc.integer({ min: 1, max: 9000 });
    fc.assert(
      fc.property(output, output, fc.constantFrom('max_tokens', 'max_completion_tokens'), (write, limit, name) => {
        const { outputTokens, finish } = read(promptOf(2, write, 'a'), { [name]: limit });
        expect(outputTokens).toBe(Math.min(write, limit, MODEL_OUTPUT_TOKENS_MAX));
        expect(finish).toBe(outputTokens < write ? 'length' : 'stop');
      }),
    );
  });

  it('prefers the newer name of the limit', () => {
    expect(read('write 90', { max_tokens: 50, max_completion_tokens: 40 }).outputTokens).toBe(40);
  });

  it('counts the text of parts and of every message', () => {
    const messages = [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: [{ type: 'text', text: 'write 7' }] },
    ];
    expect(readCall(JSON.stringify({ model: 'm', messages }))).toMatchObject({ inputTokens: 4, outputTokens: 7 });
  });

  it('reads whether it streams, and whether usage is asked for', () => {
    expect(read('hi', { stream: true, stream_options: { include_usage: true } })).toMatchObject({ isStream: true, isUsageAsked: true });
    expect(read('hi', { stream: true, stream_options: null })).toMatchObject({ isStream: true, isUsageAsked: false });
  });
});
