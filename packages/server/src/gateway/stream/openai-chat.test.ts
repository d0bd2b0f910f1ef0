import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StreamEvent, StreamScanner, StreamSummary } from './events.ts';
import { OpenAiChatScanner } from './openai-chat.ts';

type Result = { events: readonly StreamEvent[]; relayed: string; summary: StreamSummary };

function run(scanner: StreamScanner, chunks: readonly Uint8Array[]): Result {
  const scans = [...chunks.map((chunk) => scanner.push(chunk)), scanner.end()];
  const relayed = Buffer.concat(scans.flatMap(({ relay }) => relay)).toString();
  return { events: scans.flatMap(({ events }) => events), relayed, summary: scanner.summary() };
}

const chat = (text: string, usageAsked = false) => run(new OpenAiChatScanner({ usageAsked }), [Buffer.from(text)]);

const head = '"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o"';
const chunk = (choices: string, usage = ',"usage":null', tail = '') => `data: {${head},"choices":[${choices}]${usage}${tail}}\n\n`;
const delta = (text: string, index = 0) => `{"index":${index},"delta":{"content":${JSON.stringify(text)}},"finish_reason":null}`;
const stop = (reason = 'stop', index = 0) => `{"index":${index},"delta":{},"finish_reason":"${reason}"}`;
const usageOf = (input: number, output: number) =>
  `,"usage":{"prompt_tokens":${input},"completion_tokens":${output},"total_tokens":${input + output}}`;
const DONE = 'data: [DONE]\n\n';

const STREAM = [
  ': a comment\n\n',
  chunk('{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}'),
  chunk(delta('Grüße')),
  chunk(delta(' 🧾')),
  chunk(stop()),
  chunk('', usageOf(9, 2)),
  DONE,
].join('');

describe('OpenAiChatScanner', () => {
  it('tells what the stream says', () => {
    const { events, summary } = chat(STREAM);
    expect(events.map(({ kind }) => kind)).toEqual(['other', 'start', 'delta', 'delta', 'stop', 'usage', 'done']);
    expect(events[1]).toEqual({ kind: 'start', id: 'chatcmpl-1', model: 'gpt-4o' });
    expect(summary).toMatchObject({ contentBytes: 12, deltas: 2, finishReasons: ['stop'], done: true, errorCode: null, usageUnusable: 0 });
    expect(summary.usage).toMatchObject({ input: 9n, output: 2n });
    expect(summary.bytesIn).toBe(Buffer.byteLength(STREAM));
  });

  it('relays every byte where the caller asked for usage', () => {
    expect(chat(STREAM, true).relayed).toBe(STREAM);
  });

  it('takes out what the caller did not ask for, and nothing else', () => {
    const { relayed } = chat(STREAM);
    expect(relayed).toBe(STREAM.replaceAll(',"usage":null', '').replace(chunk('', usageOf(9, 2)), ''));
  });

  it.each([
    ['first member', 'data: {"usage":null, "choices":[{"index":0}]}\n\n', 'data: {"choices":[{"index":0}]}\n\n'],
    ['CRLF and spaces', 'data:{ "choices" : [ {} ] , "usage" : null }\r\n\r\n', 'data:{ "choices" : [ {} ] }\r\n\r\n'],
    ['before other members', 'data: {"choices":[{}],"usage":null,"obfuscation":"xx"}\n\n', 'data: {"choices":[{}],"obfuscation":"xx"}\n\n'],
    ['in a text', `${chunk(delta('","usage":null}'), '')}`, `${chunk(delta('","usage":null}'), '')}`],
    ['nested', 'data: {"choices":[{"usage":null}]}\n\n', 'data: {"choices":[{"usage":null}]}\n\n'],
    ['several lines', 'data: {"choices":[{}],\ndata: "usage":null}\n\n', 'data: {"choices":[{}],\ndata: "usage":null}\n\n'],
    ['twice', 'data: {"choices":[{}],"usage":1,"usage":null}\n\n', 'data: {"choices":[{}],"usage":1,"usage":null}\n\n'],
    ['usage beside choices', chunk(stop(), usageOf(1, 1)), chunk(stop(), usageOf(1, 1))],
    ['no choices, no usage', chunk('', ',"prompt_filter_results":[]'), chunk('', ',"prompt_filter_results":[]')],
    [
      'big numbers',
      'data: {"choices":[{}],"n":12345678901234567890,"usage":null}\n\n',
      'data: {"choices":[{}],"n":12345678901234567890}\n\n',
    ],
  ])('strips %s', (_, given, expected) => {
    expect(chat(given).relayed).toBe(expected);
  });

  it('keeps the larger where a report shrinks, takes the later where it grows, and counts repeats once', () => {
    const reports = [usageOf(9, 2), usageOf(9, 2), usageOf(9, 40), usageOf(9, 5)].map((usage) => chunk('', usage)).join('');
    const { events, summary } = chat(reports);
    expect(summary.usage).toMatchObject({ input: 9n, output: 40n });
    expect(events.filter(({ kind }) => kind === 'usage')).toHaveLength(3);
  });

  it('takes a report for the word on what came after the end only where it has grown', () => {
    const once = chunk(delta('hi')) + chunk(stop()) + chunk('', usageOf(9, 2)) + DONE;
    expect(chat(once).summary).toMatchObject({ usageStale: false });
    expect(chat(once + once).summary).toMatchObject({ usageStale: true });
    expect(chat(once + once.replace(usageOf(9, 2), usageOf(9, 4))).summary).toMatchObject({ usageStale: false });
    // What was left unreported at the end is in no later report either, for all that one can tell.
    expect(chat(chunk(delta('hi')) + chunk(stop()) + DONE + once).summary).toMatchObject({ usageStale: true });
  });

  it('says where usage was there but unusable', () => {
    const { summary } = chat(chunk('', ',"usage":{"prompt_tokens":-1,"completion_tokens":2}') + chunk('', ',"usage":"7"') + DONE);
    expect(summary).toMatchObject({ usage: null, usageUnusable: 2, done: true });
  });

  it('counts all visible text, and the reasons of all choices', () => {
    const tool =
      '{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}],"refusal":"no","reasoning_content":"hm","reasoning":"hmm"}}';
    const { events, summary } = chat(chunk(`${tool},${delta('x', 1)}`) + chunk(`${stop('length', 1)},${stop('tool_calls')}`));
    expect(events.filter(({ kind }) => kind === 'delta')).toEqual([
      { kind: 'delta', choice: 0, bytes: 7 },
      { kind: 'delta', choice: 1, bytes: 1 },
    ]);
    expect(summary).toMatchObject({ contentBytes: 8, deltas: 1, finishReasons: ['length', 'tool_calls'], done: false });
  });

  it('a tool call whose name is all that came is output, though no text', () => {
    const named = '{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":""}}]}}';
    const { events, summary } = chat(chunk(delta('x')) + chunk('', usageOf(3, 4)) + chunk(named));
    expect(events).toContainEqual({ kind: 'hidden' });
    expect(summary).toMatchObject({ contentBytes: 1, usageStale: true });
  });

  it('of several choices, takes no report beside one of them for the whole', () => {
    const options = { usageAsked: true, choices: 2 };
    const both = chunk(`${stop()}`, usageOf(3, 4)) + chunk(`${stop('stop', 1)}`, usageOf(3, 5));
    const early = new OpenAiChatScanner(options);
    early.push(Buffer.from(both));
    expect(early.summary()).toMatchObject({ usageStale: true });
    early.push(Buffer.from(chunk('', usageOf(6, 9))));
    expect(early.summary()).toMatchObject({ usageStale: false, choicesEndedAtUsage: 2 });
  });

  it('takes the top-level `usage: null` out and nothing else, whatever stands around it', () => {
    const text = fc.oneof(
      fc.constantFrom('usage', '"usage":null', ',"usage":null', '\\', '"', '{', ']}'),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
    );
    const leaf = fc.oneof(
      text,
      fc.constant(null),
      fc.integer(),
      fc.record({ usage: fc.constant(null) }),
      fc.array(fc.record({ usage: fc.constant(null) }), { maxLength: 2 }),
    );
    const members = fc.array(
      fc.tuple(
        // After an object with the key `\\`, V8 takes the key `\"` of the next for it (seen in Node 24.9): so no key ends in a backslash.
        text.filter((key) => !['usage', 'choices', '__proto__'].includes(key) && !key.endsWith('\\')),
        leaf,
      ),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(members, members, fc.constantFrom(0, 1, 2), (before, after, indent) => {
        const whole = { choices: [], ...Object.fromEntries(before), usage: null, ...Object.fromEntries(after) };
        const { usage: _, ...rest } = whole;
        const json = JSON.stringify(whole, null, indent === 0 ? undefined : ' '.repeat(indent)).replace(/\n */g, ' ');
        const relayed = chat(`data: ${json}\n\n`).relayed;
        expect(JSON.parse(relayed.slice('data: '.length))).toEqual(rest);
        if (indent === 0) expect(relayed).toBe(`data: ${JSON.stringify(rest)}\n\n`);
      }),
      { numRuns: 500 },
    );
  });

  it('reports errors in the stream with a short plain code', () => {
    const { summary } = chat('data: {"error":{"message":"sk-secret","type":"server_error","code":null}}\n\n');
    expect(summary.errorCode).toBe('server_error');
    expect(chat('data: {"error":"boom"}\n\n').summary.errorCode).toBe('unknown');
  });

  it('relays what it cannot read', () => {
    const junk = 'data: {broken\n\nevent: x\ndata: [1,2]\n\nhello\n\ndata: null\n\ndata: {"choices":5,"usage":null}';
    expect(chat(junk, true).relayed).toBe(junk);
    expect(chat(junk).relayed).toBe(junk.replace(',"usage":null', ''));
  });

  it('gives the same events, bytes and summary however the stream is cut', () => {
    const parts = [
      chunk(delta('a')),
      chunk(delta('é'), ''),
      chunk(stop()),
      chunk('', usageOf(3, 4)),
      DONE,
      ': c\n\n',
      'data: {',
      chunk(delta('z')).replaceAll('\n', '\r\n'),
    ];
    const given = fc.array(fc.constantFrom(...parts), { maxLength: 8 });
    fc.assert(
      fc.property(given, fc.array(fc.nat(2000), { maxLength: 10 }), fc.boolean(), (frames, cuts, usageAsked) => {
        const bytes = Buffer.from(frames.join(''));
        const points = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].toSorted((a, b) => a - b);
        const chunks = points.slice(1).map((end, i) => bytes.subarray(points[i], end));
        const whole = run(new OpenAiChatScanner({ usageAsked }), [bytes]);
        expect(run(new OpenAiChatScanner({ usageAsked }), chunks)).toEqual(whole);
        if (usageAsked) expect(whole.relayed).toBe(bytes.toString());
      }),
      { numRuns: 200 },
    );
  });

  it('takes arbitrary bytes without failing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(
          run(new OpenAiChatScanner({ usageAsked: true }), [Buffer.from('data: {"usage":null}\n\n'), bytes]).summary.frames,
        ).toBeGreaterThan(0);
      }),
    );
  });
});
