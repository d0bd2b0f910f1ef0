import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerReader } from './answer-reader.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';

function answerOf(parts: readonly Uint8Array[]): Buffer {
  const chunks = parts.flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), Buffer.from(part), Buffer.from('\r\n')]);
  return Buffer.concat([Buffer.from(HEAD), ...chunks, Buffer.from('0\r\n\r\n')]);
}

describe('AnswerReader', () => {
  it('gives back any body, however it was chunked and cut', () => {
    const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });
    fc.assert(
      fc.property(parts, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (body, steps) => {
        const bytes = answerOf(body);
        const reader = new AnswerReader();
        const pieces: Buffer[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          expect(reader.ended).toBe(false);
          const step = steps[turn % steps.length] as number;
          pieces.push(...reader.push(bytes.subarray(at, at + step)));
          at += step;
        }
        expect(reader.ended).toBe(true);
        expect(reader.status).toBe(200);
        expect(Buffer.concat(pieces).equals(Buffer.concat(body))).toBe(true);
      }),
    );
  });

  it('knows the status before the body comes', () => {
    const reader = new AnswerReader();
    expect(reader.push(Buffer.from(HEAD.replace('200 OK', '402 No')))).toEqual([]);
    expect(reader.status).toBe(402);
  });

  it.each([
    ['another protocol', 'HTTP/1.0 200 OK\r\n\r\n', 'HTTP/1.1'],
    ['an answer that is no stream', 'HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nhi', 'no stream'],
    ['a chunk without a size', `${HEAD}zz\r\n`, 'no size'],
    ['a chunk that is longer than its size', `${HEAD}1\r\nab\r\n`, 'line end'],
    ['bytes after the end', `${HEAD}0\r\n\r\nx`, 'after the end'],
    ['a head without an end', 'a'.repeat(20_000), 'too long'],
  ])('refuses %s', (_what, text, message) => {
    expect(() => new AnswerReader().push(Buffer.from(text))).toThrow(message);
  });
});
