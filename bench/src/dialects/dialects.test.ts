import { describe, expect, it } from 'vitest';
import { STREAM_KINDS } from './dialect.ts';
import { DIALECTS, dialectAt } from './dialects.ts';
import { ANSWER_ID, streamKindOf, TOKENS } from './text.ts';

describe.each(Object.values(DIALECTS))('$name', (dialect) => {
  it('asks and answers about 1 KB', () => {
    for (const text of [dialect.json.body, dialect.json.answer]) {
      expect(Buffer.byteLength(text)).toBeGreaterThan(600);
      expect(Buffer.byteLength(text)).toBeLessThan(1400);
    }
    expect(dialect.json.answer).toContain(ANSWER_ID);
  });

  it('says in its request how the stream is to be paced, and nothing where it asks for none', () => {
    for (const kind of STREAM_KINDS) expect(streamKindOf(Buffer.from(dialect.stream.body(kind)))).toBe(kind);
    expect(streamKindOf(Buffer.from(dialect.json.body))).toBeNull();
  });

  it('makes whole frames, ends with its end, and bills what is agreed', () => {
    const { opening, frame, closing, end } = dialect.stream;
    for (const isAsked of [true, false]) {
      const text = opening + frame(0, 'some text', isAsked) + frame(1, 'some text', isAsked) + closing(isAsked);
      expect(text.endsWith(end)).toBe(true);
      const data = text.split('\n').filter((line) => line.startsWith('data: '));
      for (const line of data) if (line !== 'data: [DONE]') expect(() => JSON.parse(line.slice(6))).not.toThrow();
      expect(text.match(/some text/g)).toHaveLength(2);
    }
    expect(closing(true)).toContain(`:${TOKENS.output}`);
  });

  it('is known by its paths', () => {
    expect(dialectAt(dialect.json.path)).toBe(dialect);
    expect(dialectAt(dialect.stream.path)).toBe(dialect);
    expect(dialectAt(`${dialect.json.path}x`)).toBeNull();
  });
});
