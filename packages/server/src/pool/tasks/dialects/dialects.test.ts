import { describe, expect, it } from 'vitest';
import { ANTHROPIC } from './anthropic.ts';
import type { PoolDialect, TurnAsk } from './dialect.ts';
import { GOOGLE } from './google.ts';
import { OPENAI } from './openai.ts';

const ask = (more: Partial<TurnAsk> = {}): TurnAsk => ({
  ...{ model: 'm', system: null, task: 'Do it.', written: [], reply: null, output: 100n, marked: true },
  ...more,
});
const bodyOf = (dialect: PoolDialect, more: Partial<TurnAsk>) => JSON.parse(dialect.wire(ask(more)).body) as Record<string, unknown>;

/** What one stream comes to. */
function heard(dialect: PoolDialect, ...events: readonly unknown[]) {
  const reader = dialect.reader();
  const text = events.map((event) => reader.read(typeof event === 'string' ? event : JSON.stringify(event))).join('');
  return { text, end: reader.end() };
}

describe.each([
  ['openai', OPENAI],
  ['anthropic', ANTHROPIC],
  ['google', GOOGLE],
])('requests of %s', (_, dialect) => {
  it('are of one length whatever the output limit is', () => {
    const lengths = [1n, 99n, 85_000n, 199_999n].map((output) => Buffer.byteLength(dialect.wire(ask({ output })).body));
    // Google's limit stands inside a config that is counted at its longest.
    expect(new Set(lengths).size).toBe(1);
  });

  it('end with the user, and have nothing empty in them', () => {
    const { body } = dialect.wire(ask({ written: [{ text: '', kept: null }], reply: 'Go on.' }));
    expect(body).not.toContain('""');
    expect(body.trimEnd()).toMatch(/Go on\./);
  });

  it('do not take an event that is no JSON', () => {
    expect(() => dialect.reader().read('{"half')).toThrow(expect.objectContaining({ code: 'UPSTREAM_ERROR' }));
  });
});

describe('OpenAI', () => {
  const chunk = (delta: unknown, finish_reason: string | null = null) => ({ choices: [{ index: 0, delta, finish_reason }], usage: null });

  it('joins what was written to one answer that was cut', () => {
    const written = [
      { text: 'One, ', kept: null },
      { text: 'two', kept: null },
    ];
    expect(bodyOf(OPENAI, { system: 'Be brief.', written, reply: 'Go on.' })['messages']).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Do it.' },
      { role: 'assistant', content: 'One, two' },
      { role: 'user', content: 'Go on.' },
    ]);
  });

  it.each([
    ['stop', 'end'],
    ['length', 'length'],
    ['content_filter', 'refused'],
    ['tool_calls', 'other'],
  ])('%s is %s', (reason, stop) => {
    const stream = [
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'Hi' }),
      chunk({}, reason),
      { choices: [], usage: {} },
      '[DONE]',
    ];
    expect(heard(OPENAI, ...stream)).toEqual({ text: 'Hi', end: { stop, kept: null } });
  });

  it('a refusal is told, and is one', () => {
    expect(heard(OPENAI, chunk({ refusal: 'I can’t.' }), chunk({}, 'stop'))).toEqual({
      text: 'I can’t.',
      end: { stop: 'refused', kept: null },
    });
  });

  it('an end that did not come is none, and an error is thrown with the gateway’s code', () => {
    expect(heard(OPENAI, chunk({ content: 'Hi' })).end).toBeNull();
    const error = { error: { message: 'It went beyond.', type: 'api_error', param: null, code: 'UPSTREAM_OVERRUN' } };
    expect(() => heard(OPENAI, error)).toThrow(expect.objectContaining({ code: 'UPSTREAM_OVERRUN', message: 'It went beyond.' }));
  });
});

describe('Anthropic', () => {
  const stream = (stop_reason: string) => [
    { type: 'message_start', message: { usage: { input_tokens: 3 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm.' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'x' } },
    { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
    { type: 'ping' },
    { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Hello' } },
    { type: 'message_delta', delta: { stop_reason }, usage: { output_tokens: 5 } },
  ];

  it.each([
    ['end_turn', 'end'],
    ['stop_sequence', 'end'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['refusal', 'refused'],
    ['tool_use', 'other'],
  ])('%s is %s', (reason, stop) => {
    expect(heard(ANTHROPIC, ...stream(reason), { type: 'message_stop' })).toEqual({ text: 'Hello', end: { stop, kept: null } });
  });

  it('is whole only with its last event', () => {
    expect(heard(ANTHROPIC, ...stream('end_turn')).end).toBeNull();
  });

  it('an assistant’s text never ends in white space, and is left out where it is nothing else', () => {
    const messages = (text: string) => bodyOf(ANTHROPIC, { written: [{ text, kept: null }], reply: 'Go on.' })['messages'];
    expect(messages('So far \n ')).toContainEqual({ role: 'assistant', content: 'So far' });
    expect(messages(' \n ')).toEqual([
      { role: 'user', content: 'Do it.' },
      { role: 'user', content: 'Go on.' },
    ]);
  });

  it('an error frame is thrown with the gateway’s code', () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Busy.', code: 'UPSTREAM_OVERLOADED' } };
    expect(() => heard(ANTHROPIC, error)).toThrow(expect.objectContaining({ code: 'UPSTREAM_OVERLOADED' }));
  });
});

describe('Google', () => {
  const chunk = (parts: readonly unknown[], finishReason?: string) => ({
    candidates: [{ content: { role: 'model', parts }, index: 0, ...(finishReason === undefined ? {} : { finishReason }) }],
  });

  it('gives signatures back on the parts that they came on, an empty one too', () => {
    const { text, end } = heard(
      GOOGLE,
      chunk([{ text: 'I see', thought: true }]),
      chunk([{ text: 'One, ' }]),
      chunk([{ text: 'two', thoughtSignature: 'c2lnMQ==' }]),
      chunk([{ text: ', three' }]),
      chunk([{ text: '', thoughtSignature: 'c2lnMg==' }], 'MAX_TOKENS'),
    );
    expect(text).toBe('One, two, three');
    expect(end?.stop).toBe('length');
    const parts = [
      { text: 'One, ' },
      { text: 'two', thoughtSignature: 'c2lnMQ==' },
      { text: ', three' },
      { text: '', thoughtSignature: 'c2lnMg==' },
    ];
    expect(JSON.parse(end?.kept ?? '')).toEqual(parts);
    const written = [{ text, kept: end?.kept ?? null }];
    const contents = (marked: boolean) => bodyOf(GOOGLE, { written, reply: 'Go on.', marked })['contents'];
    expect(contents(true)).toContainEqual({ role: 'model', parts });
    expect(contents(false)).toContainEqual({ role: 'model', parts: [{ text: 'One, two, three' }] });
  });

  it.each([
    ['STOP', 'end'],
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'refused'],
    ['MALFORMED_FUNCTION_CALL', 'other'],
  ])('%s is %s', (reason, stop) => {
    expect(heard(GOOGLE, chunk([{ text: 'Hi' }], reason))).toEqual({ text: 'Hi', end: { stop, kept: null } });
  });

  it('a prompt that is blocked is refused', () => {
    expect(heard(GOOGLE, { promptFeedback: { blockReason: 'SAFETY' } }).end?.stop).toBe('refused');
  });

  it('an error frame is thrown with the gateway’s code', () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'CAP_BUSY', domain: 'tallystick' }];
    const error = { error: { code: 429, message: 'Busy.', status: 'RESOURCE_EXHAUSTED', details } };
    expect(() => heard(GOOGLE, error)).toThrow(expect.objectContaining({ code: 'CAP_BUSY' }));
  });
});
