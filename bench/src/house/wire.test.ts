import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer, requestBytes } from './wire.ts';

const SIZED = Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello');
const CHUNKED = Buffer.from('HTTP/1.1 402 No\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n');

describe('readAnswer', () => {
  it('reads an answer of a known length, and one in chunks', () => {
    expect(readAnswer(SIZED)).toEqual({ status: 200, body: Buffer.from('hello'), bytes: SIZED.length });
    expect(readAnswer(CHUNKED)).toEqual({ status: 402, body: Buffer.from('hello'), bytes: CHUNKED.length });
  });

  it('waits for the whole of it, wherever it is cut', () => {
    for (const whole of [SIZED, CHUNKED]) {
      for (let cut = 0; cut < whole.length; cut += 1) expect(readAnswer(whole.subarray(0, cut))).toBeNull();
    }
  });

  it('leaves what follows', () => {
    expect(readAnswer(Buffer.concat([SIZED, CHUNKED]))?.bytes).toBe(SIZED.length);
    expect(readAnswer(Buffer.concat([CHUNKED, SIZED]))?.bytes).toBe(CHUNKED.length);
  });

  it('reads any chunks back together', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 }), (parts) => {
        const chunks = parts.flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), Buffer.from(part), Buffer.from('\r\n')]);
        const head = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        const answer = readAnswer(Buffer.concat([head, ...chunks, Buffer.from('0\r\n\r\n')]));
        expect(answer?.body.equals(Buffer.concat(parts))).toBe(true);
      }),
    );
  });

  it('refuses what it cannot frame', () => {
    expect(() => readAnswer(Buffer.from('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n'))).toThrow('neither');
    expect(() => readAnswer(Buffer.from('HTTP/1.0 200 OK\r\n\r\n'))).toThrow('HTTP/1.1');
    expect(() => readAnswer(Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'))).toThrow('chunk');
    expect(() => readAnswer(Buffer.alloc(20_000, 97))).toThrow('too long');
  });
});

describe('requestBytes', () => {
  it('is one whole request', () => {
    const text = requestBytes('http://127.0.0.1:81/v1/x?alt=sse', { authorization: 'Bearer k' }, '{"a":"ü"}').toString();
    expect(text).toBe(
      'POST /v1/x?alt=sse HTTP/1.1\r\nhost: 127.0.0.1:81\r\ncontent-type: application/json\r\naccept: application/json\r\n' +
        'authorization: Bearer k\r\ncontent-length: 10\r\n\r\n{"a":"ü"}',
    );
  });
});
