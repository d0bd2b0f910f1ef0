import { usageTotal } from '@tallystick/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StreamSummary } from './events.ts';
import { GoogleScanner } from './google.ts';

function run(text: string, choices = 1) {
  const scanner = new GoogleScanner({ choices });
  const scans = [scanner.push(Buffer.from(text)), scanner.end()];
  const relayed = Buffer.concat(scans.flatMap(({ relay }) => relay)).toString();
  return { events: scans.flatMap(({ events }) => events), relayed, summary: scanner.summary() };
}

/** Whether the usage may be settled at once the answer has ended. */
const isLastWord = ({ usage, usageStale, usageUnusable }: StreamSummary) => usage !== null && !usageStale && usageUnusable === 0;

const HEAD = { modelVersion: 'gemini-x', responseId: 'r1' };
const frame = (more: object) => `data: ${JSON.stringify({ ...more, ...HEAD })}\r\n\r\n`;
const says = (...parts: object[]) => ({ content: { role: 'model', parts } });
const text = (text: string) => says({ text });
const counts = (prompt: number, candidates: number, thoughts = 0) => ({
  usageMetadata: {
    promptTokenCount: prompt,
    ...(candidates > 0 ? { candidatesTokenCount: candidates } : {}),
    ...(thoughts > 0 ? { thoughtsTokenCount: thoughts } : {}),
    totalTokenCount: prompt + candidates + thoughts,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: prompt }],
  },
});
const STOP = { finishReason: 'STOP' };
const END = { candidates: [{ ...text(''), ...STOP }] };

const STREAM = [
  ': a comment\r\n\r\n',
  frame({ candidates: [{ ...says({ text: 'hm…', thought: true }), index: 0 }], ...counts(8, 0, 20) }),
  frame({ candidates: [text('Grüße')], ...counts(8, 2, 20) }),
  frame({ candidates: [says({ functionCall: { name: 'weather', args: { city: 'Köln' } } })], ...counts(8, 6, 20) }),
  frame({ candidates: [{ ...says({ text: '', thoughtSignature: 'EqQB' }), ...STOP }], ...counts(8, 7, 20) }),
].join('');

describe('GoogleScanner', () => {
  it('tells what the stream says, and relays every byte', () => {
    const { events, relayed, summary } = run(STREAM);
    expect(events.map(({ kind }) => kind).join(' ')).toBe('other start delta usage delta usage delta usage hidden stop usage done');
    expect(events[1]).toEqual({ kind: 'start', id: 'r1', model: 'gemini-x' });
    expect(relayed).toBe(STREAM);
    expect(summary).toMatchObject({
      contentBytes: 5 + 7 + 4 + 5,
      deltas: 3,
      finishReasons: ['STOP'],
      done: true,
      choicesEndedAtUsage: 1,
    });
    expect(summary.usage).toMatchObject({ input: 8n, output: 7n, reasoning: 20n });
    expect(isLastWord(summary)).toBe(true);
  });

  it('has the last word only from the finishing frame on, wherever the stream is cut', () => {
    const bytes = Buffer.from(STREAM);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const scanner = new GoogleScanner({ choices: 1 });
      scanner.push(bytes.subarray(0, cut));
      scanner.end();
      expect([cut, isLastWord(scanner.summary())]).toEqual([cut, cut >= bytes.length - 4]);
      expect(scanner.summary().done).toBe(cut >= bytes.length - 4);
    }
  });

  it.each([
    ['code', [{ executableCode: { language: 'PYTHON', code: 'print(1)' } }], 8],
    ['what tools gave back', [{ codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } }], 0],
    ['an image', [{ inlineData: { mimeType: 'image/png', data: 'x'.repeat(1000) } }], 0],
    ['several parts', [{ text: 'a' }, { text: 'é', thought: true }, 7, { text: 5 }], 3],
    ['a call without arguments', [{ functionCall: { name: 'now' } }], 0],
    ['no parts', undefined, 0],
  ])('counts visible text: %s', (_, parts, bytes) => {
    expect(run(frame({ candidates: [{ content: { parts } }] })).summary.contentBytes).toBe(bytes);
  });

  it('waits for every candidate, in whatever order they end', () => {
    const first = frame({ candidates: [{ ...text('a'), index: 0 }], ...counts(4, 1) });
    const second = frame({ candidates: [{ ...text('b'), index: 1, finishReason: 'MAX_TOKENS' }], ...counts(4, 2) });
    const last = frame({ candidates: [{ ...text('c'), ...STOP }], ...counts(4, 3) });
    expect(isLastWord(run(first + second, 2).summary)).toBe(false);
    const { events, summary } = run(first + second + last, 2);
    expect(events.filter(({ kind }) => kind === 'done')).toHaveLength(1);
    expect(summary).toMatchObject({ finishReasons: ['MAX_TOKENS', 'STOP'], choicesEndedAtUsage: 2, usage: { output: 3n } });
    expect(isLastWord(summary)).toBe(true);
    const stranger = frame({ candidates: [{ ...text('x'), index: 7, ...STOP }], ...counts(4, 3) });
    expect(run(second + stranger, 2).summary).toMatchObject({ done: false, usageStale: true });
  });

  it.each([
    ['finish without usage', frame({ candidates: [text('a')], ...counts(4, 1) }) + frame(END), true],
    ['usage after the finish', frame(END) + frame(counts(4, 2)), true],
    ['usage of the finishing frame', frame({ ...END, ...counts(4, 2) }), true],
    ['no count at the end', frame({ candidates: [text('a')], ...counts(4, 1) }) + frame({ ...END, usageMetadata: {} }), true],
    ['text after the end', frame({ ...END, ...counts(4, 2) }) + frame({ candidates: [text('a')] }), true],
    ['text and usage after the end', frame({ ...END, ...counts(4, 2) }) + frame({ candidates: [text('a')], ...counts(4, 3) }), true],
    ['a signature after the end', frame({ ...END, ...counts(4, 2) }) + frame({ candidates: [says({ thoughtSignature: 'x' })] }), true],
    ['a reason that is none', frame({ candidates: [{ finishReason: 'FINISH_REASON_UNSPECIFIED' }], ...counts(4, 2) }), false],
    ['no reason at all', frame({ candidates: [text('a')], ...counts(4, 1) }), false],
  ])('%s', (name, given, done) => {
    const { summary } = run(given);
    expect(summary.done).toBe(done);
    expect(isLastWord(summary)).toBe(name === 'usage after the finish' || name === 'usage of the finishing frame');
  });

  it('goes on where a candidate goes on after its end', () => {
    const more = frame({ candidates: [text('a')], ...counts(4, 3) });
    const { events, summary } = run(frame({ ...END, ...counts(4, 2) }) + more + frame({ ...END, ...counts(4, 9) }));
    expect(summary.usage).toMatchObject({ output: 9n });
    expect(isLastWord(summary)).toBe(true);
    expect(events.filter(({ kind }) => kind === 'done')).toHaveLength(1);
  });

  it('is done where the prompt was refused', () => {
    const { summary } = run(frame({ promptFeedback: { blockReason: 'SAFETY' }, ...counts(4, 0) }), 2);
    expect(summary).toMatchObject({ done: true, finishReasons: ['SAFETY'], usage: { input: 4n, output: 0n } });
    expect(isLastWord(summary)).toBe(true);
    expect(run(frame({ promptFeedback: { blockReason: 'OTHER' } })).summary).toMatchObject({ done: true, usage: null });
    for (const promptFeedback of [{ safetyRatings: [] }, { blockReason: 'BLOCK_REASON_UNSPECIFIED' }]) {
      const rated = frame({ promptFeedback, candidates: [text('a')], ...counts(4, 1) });
      expect(run(rated).summary).toMatchObject({ done: false, usageStale: true });
    }
    const both = frame({ promptFeedback: { blockReason: 'OTHER' }, ...counts(4, 0) }) + frame({ candidates: [text('a')], ...counts(4, 1) });
    expect(isLastWord(run(both).summary)).toBe(false);
  });

  const PRETTY = '{\n  "error": {\n    "code": 503,\n    "message": "sk-secret",\n    "status": "UNAVAILABLE"\n  }\n}';
  it.each([
    ['in a frame', 'data: {"error":{"code":500,"message":"x","status":"INTERNAL"}}\r\n\r\n', 'INTERNAL'],
    ['bare', '{"error":{"code":429,"message":"x"}}', '429'],
    ['bare, over several lines', `${PRETTY}\n\n`, 'UNAVAILABLE'],
    ['bare, at the very end', `\r\n${PRETTY}`, 'UNAVAILABLE'],
    ['no object', 'data: {"error":"boom"}\n\n', 'unknown'],
  ])('reports an error in the stream: %s', (_, error, code) => {
    const { events, summary } = run(frame({ candidates: [text('a')], ...counts(4, 1) }) + error);
    expect(events.at(-1)).toEqual({ kind: 'error', code });
    expect(summary).toMatchObject({ errorCode: code, done: false, usageStale: true });
  });

  it('reads nothing else of bare JSON, which no client reads either', () => {
    const bare = JSON.stringify({ ...END, ...counts(4, 2) });
    expect(run(`${bare}\n\n{broken\n\ntext {\n\n`).summary).toMatchObject({ usage: null, done: false, errorCode: null });
  });

  it.each([
    ['a total below its parts', { promptTokenCount: 4, candidatesTokenCount: 3, totalTokenCount: 5 }],
    ['a missing prompt', { totalTokenCount: 5 }],
    ['a missing total', { promptTokenCount: 4 }],
    ['a negative count', { promptTokenCount: -4, totalTokenCount: 5 }],
    ['a fraction', { promptTokenCount: 4, totalTokenCount: 5.5 }],
    ['a text', { promptTokenCount: '4', totalTokenCount: 5 }],
    ['a count over 2^53', { promptTokenCount: 4, totalTokenCount: 2 ** 53 }],
    ['a cache above its prompt', { promptTokenCount: 4, cachedContentTokenCount: 5, totalTokenCount: 5 }],
    ['no object', 'many'],
  ])('takes no word of the stream with %s', (_, usageMetadata) => {
    const { summary } = run(frame({ candidates: [text('a')], usageMetadata }) + frame({ ...END, ...counts(4, 2) }));
    expect(summary).toMatchObject({ usageUnusable: 1, done: true });
    expect(run(frame({ ...END, usageMetadata })).summary).toMatchObject({ usage: null, usageUnusable: 1, done: true });
  });

  it('waits for the counts where frames say less on the way', () => {
    const empty = [{}, { trafficType: 'ON_DEMAND' }, null, { promptTokenCount: null }].map((usageMetadata) =>
      frame({ candidates: [text('a')], usageMetadata }),
    );
    const { summary } = run([...empty, frame({ ...END, ...counts(4, 2) })].join(''));
    expect(summary).toMatchObject({ usageUnusable: 0, usage: { input: 4n, output: 2n } });
    expect(isLastWord(summary)).toBe(true);
  });

  it('never lets a report lower what is known', () => {
    const report = fc.record({ prompt: fc.nat(50), candidates: fc.nat(50), thoughts: fc.nat(50) });
    fc.assert(
      fc.property(fc.array(report, { minLength: 1, maxLength: 8 }), (reports) => {
        const scanner = new GoogleScanner({ choices: 1 });
        let total = 0n;
        for (const { prompt, candidates, thoughts } of reports) {
          scanner.push(Buffer.from(frame({ candidates: [text('a')], ...counts(prompt, candidates, thoughts) })));
          const { usage } = scanner.summary();
          const now = usage === null ? 0n : usageTotal(usage);
          expect(now).toBeGreaterThanOrEqual(total);
          total = now;
        }
        const prompt = Math.max(...reports.map((each) => each.prompt));
        const answer = Math.max(...reports.map((each) => each.candidates + each.thoughts));
        expect(total).toBe(BigInt(prompt + answer));
        expect(isLastWord(scanner.summary())).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});
