import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnthropicScanner } from './anthropic.ts';
import type { StreamScanner } from './events.ts';
import { GoogleScanner } from './google.ts';
import { OpenAiChatScanner } from './openai-chat.ts';
import { OpenAiResponsesScanner } from './openai-responses.ts';

type Options = { readonly frameBytesMax?: number };

/** Every dialect's scanner, with frames of its own and the reason that it ends with: what holds for one holds for all. */
const SCANNERS: readonly [string, (options?: Options) => StreamScanner, readonly object[], (reason: string) => object][] = [
  [
    'OpenAI chat',
    (options = {}) => new OpenAiChatScanner({ usageAsked: true, ...options }),
    [
      { id: 'c', choices: [{ index: 0, delta: { content: 'Grüße 🧾' } }], usage: null },
      { choices: [], usage: { prompt_tokens: 4, completion_tokens: 2 } },
      { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    ],
    (reason) => ({ choices: [{ finish_reason: reason }] }),
  ],
  [
    'OpenAI responses',
    (options = {}) => new OpenAiResponsesScanner(options),
    [
      { type: 'response.output_text.delta', delta: 'Grüße 🧾' },
      { type: 'response.completed', response: { usage: { input_tokens: 4, output_tokens: 2 } } },
    ],
    (reason) => ({ type: 'response.incomplete', response: { incomplete_details: { reason } } }),
  ],
  [
    'Anthropic',
    (options = {}) => new AnthropicScanner(options),
    [
      { type: 'message_start', message: { id: 'm', usage: { input_tokens: 4, output_tokens: 1 } } },
      { type: 'content_block_start', content_block: { type: 'tool_use', name: 'f', input: { q: '🧾' } } },
      { type: 'content_block_delta', delta: { type: 'text_delta', text: 'Grüße 🧾' } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
      { type: 'message_delta', usage: { output_tokens: -2 } },
      { type: 'message_stop' },
    ],
    (reason) => ({ type: 'message_delta', delta: { stop_reason: reason } }),
  ],
  [
    'Google',
    (options = {}) => new GoogleScanner({ choices: 2, ...options }),
    [
      { candidates: [{ content: { parts: [{ text: 'Grüße 🧾' }] } }], usageMetadata: { promptTokenCount: 4, totalTokenCount: 5 } },
      { candidates: [{ index: 1, content: { parts: [{ functionCall: { name: 'f', args: { q: '🧾' } } }] } }] },
      { candidates: [{ finishReason: 'STOP' }], usageMetadata: { promptTokenCount: 4, totalTokenCount: 6 } },
      { candidates: [{ index: 1, finishReason: 'STOP' }], usageMetadata: { promptTokenCount: 4, totalTokenCount: 1 } },
    ],
    (reason) => ({ candidates: [{ finishReason: reason }] }),
  ],
];

function run(scanner: StreamScanner, chunks: readonly Uint8Array[]) {
  const scans = [...chunks.map((chunk) => scanner.push(chunk)), scanner.end()];
  const relayed = Buffer.concat(scans.flatMap(({ relay }) => relay));
  return { events: scans.flatMap(({ events }) => events), relayed, summary: scanner.summary() };
}

const data = (json: object) => `data: ${JSON.stringify(json)}\n\n`;
const NOISE = ['\ufeff', ': ping\n\n', '\n', 'event: error\n', 'data: [DONE]\n\n', 'data: {', '{"error":{}}\n\n', 'data: [1]\n\n', 'x\r'];

describe.each(SCANNERS)('the scanner of %s', (_, scanner, jsons, ending) => {
  const frames = jsons.map(data);
  const part = fc.constantFrom(
    ...frames,
    ...frames,
    ...frames.map((frame) => frame.replaceAll('\n', '\r\n')),
    ...frames.map((frame) => frame.replaceAll('\n', '\r')),
    ...frames.map((frame) => frame.replace(',', ',\ndata: ')),
    ...NOISE,
  );

  it('relays the bytes that it was given, and says the same however they are cut', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 10 }), fc.array(fc.nat(2000), { maxLength: 10 }), (parts, cuts) => {
        const bytes = Buffer.from(parts.join(''));
        const points = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].toSorted((a, b) => a - b);
        const whole = run(scanner(), [bytes]);
        expect(whole.relayed).toEqual(bytes);
        expect(whole.summary.bytesIn).toBe(bytes.length);
        const chunks = points.slice(1).map((end, i) => bytes.subarray(points[i], end));
        expect(run(scanner(), chunks)).toEqual(whole);
        const single = [...bytes].map((byte) => Uint8Array.of(byte));
        expect(run(scanner(), single)).toEqual(whole);
      }),
      { numRuns: 100 },
    );
  });

  it('relays arbitrary bytes too', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 4 }), (chunks) => {
        expect(run(scanner(), chunks).relayed).toEqual(Buffer.concat(chunks));
      }),
    );
  });

  it('counts text in UTF-8, and sees the usage', () => {
    const { summary } = run(scanner(), [Buffer.from(frames.join(''))]);
    expect(summary.contentBytes).toBeGreaterThanOrEqual(Buffer.byteLength('Grüße 🧾'));
    expect(summary).toMatchObject({ usage: { input: 4n, output: 2n }, usageUnusable: frames.length > 3 ? 1 : 0, errorCode: null });
  });

  it('reads any JSON without failing', () => {
    const names = ['type', 'message', 'usage', 'delta', 'content_block', 'candidates', 'content', 'parts', 'choices', 'response', 'error'];
    const json = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue({ maxDepth: 1 }),
        fc.constantFrom(...jsons.flatMap((each) => Object.values(each))),
        fc.dictionary(fc.constantFrom(...names), tie('any')),
        fc.array(tie('any'), { maxLength: 3 }),
      ),
    })).any;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...jsons), fc.constantFrom(...names), json), { maxLength: 5 }), (changed) => {
        const given = changed.map(([base, name, value]) => data({ ...base, [name]: value })).join('');
        const { relayed, summary } = run(scanner(), [Buffer.from(given)]);
        expect(relayed.toString()).toBe(given);
        for (const count of Object.values(summary.usage ?? {})) expect(count).toBeGreaterThanOrEqual(0n);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps little of a stream without end', () => {
    const live = scanner();
    for (let i = 0; i < 2000; i += 1) live.push(Buffer.from(data(ending(`reason ${i}`)) + frames.join('')));
    expect(live.summary().finishReasons.length).toBeLessThanOrEqual(16);
    expect(live.summary().frames).toBe(2000 * (1 + frames.length));
    expect(live.end()).toEqual({ events: [], relay: [] });
  });

  it('refuses a frame over the limit, whole, in pieces or without an end', () => {
    const frame = Buffer.from(frames[0] ?? '');
    expect(run(scanner({ frameBytesMax: frame.length }), [frame, frame]).summary.frames).toBe(2);
    const refused = expect.objectContaining({ code: 'UPSTREAM_ERROR' });
    const tooSmall = { frameBytesMax: frame.length - 1 };
    expect(() => run(scanner(tooSmall), [frame])).toThrow(refused);
    const single = [...frame].map((byte) => Uint8Array.of(byte));
    expect(() => run(scanner(tooSmall), single)).toThrow(refused);
    expect(() => run(scanner(tooSmall), [Buffer.alloc(frame.length, 'x')])).toThrow(refused);
  });
});
