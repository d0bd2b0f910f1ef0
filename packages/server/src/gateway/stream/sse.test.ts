import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SseFrame, SseScanner } from './sse.ts';

function scan(chunks: readonly Uint8Array[], frameBytesMax?: number): SseFrame[] {
  const scanner = new SseScanner(frameBytesMax === undefined ? {} : { frameBytesMax });
  const frames = chunks.flatMap((chunk) => scanner.push(chunk));
  const rest = scanner.end();
  return rest === null ? frames : [...frames, rest];
}

const str = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString());
const shown = (frames: readonly SseFrame[]) => frames.map(({ event, data, raw }) => ({ event, data: str(data), raw: str(raw) }));
const scanText = (text: string) => shown(scan([Buffer.from(text)]));

describe('SseScanner', () => {
  it.each([
    ['LF', 'data: a\n\ndata: b\n\n', ['a', 'b']],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['CR', 'data: a\r\rdata: b\r\r', ['a', 'b']],
    ['mixed', 'data: a\r\n\ndata: b\n\r\n', ['a', 'b']],
    ['several data lines', 'data: a\ndata:b\ndata\ndata:  c\n\n', ['a\nb\n\n c']],
    ['comment', ': ping\n\ndata: a\n\n', [null, 'a']],
    ['byte order mark', '\ufeffdata: a\n\n', ['a']],
    ['empty data', 'data:\n\n', ['']],
    ['other fields', 'id: 1\nretry: 5\ndatabase: no\ndata: a\n\n', ['a']],
    ['blank lines', '\n\ndata: a\n\n', [null, null, 'a']],
    ['no end', 'data: a\n\ndata: [DONE]', ['a', '[DONE]']],
    ['colon in the value', 'data: a: b\n\n', ['a: b']],
  ])('reads %s', (_, text, expected) => {
    const frames = scanText(text);
    expect(frames.map(({ data }) => data)).toEqual(expected);
    expect(frames.map(({ raw }) => raw).join('')).toBe(text);
  });

  it('reads the event name, and says where single-line data stands', () => {
    const [frame] = scan([Buffer.from('event: response.created\r\ndata: {"a":1}\r\n\r\n')]);
    expect(frame?.event).toBe('response.created');
    expect(str((frame as SseFrame).raw.subarray(frame?.dataAt))).toBe('{"a":1}\r\n\r\n');
    expect(scan([Buffer.from('data: a\ndata: b\n\n')])[0]?.dataAt).toBe(-1);
  });

  it('gives the same frames however the bytes are cut', () => {
    const part = fc.constantFrom(
      'data: a',
      'data:b\n',
      'event: e\n',
      ':c',
      '\n',
      '\r',
      '\r\n',
      '\n\n',
      '\r\r',
      'data: é🧾\n\n',
      'x',
      '\ufeff',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), fc.array(fc.nat(200), { maxLength: 12 }), (parts, cuts) => {
        const bytes = Buffer.from(parts.join(''));
        const points = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].toSorted((a, b) => a - b);
        const chunks = points.slice(1).map((end, i) => bytes.subarray(points[i], end));
        expect(shown(scan(chunks))).toEqual(shown(scan([bytes])));
        expect(shown(scan([...bytes].map((byte) => Uint8Array.of(byte))))).toEqual(shown(scan([bytes])));
        expect(Buffer.concat(scan(chunks).map(({ raw }) => raw))).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps no chunk of a frame that is not complete', () => {
    const scanner = new SseScanner();
    const chunk = Buffer.from('data: ab');
    scanner.push(chunk);
    chunk.fill('x');
    expect(shown(scanner.push(Buffer.from('c\n\n')))).toEqual([{ event: null, data: 'abc', raw: 'data: abc\n\n' }]);
  });

  it('joins many empty lines of data', () => {
    expect(scanText(`${'data\n'.repeat(100_000)}\n`)[0]?.data).toBe('\n'.repeat(99_999));
  });

  it('refuses a frame over the limit, whole or in pieces', () => {
    const frame = Buffer.from(`data: ${'x'.repeat(10)}\n\n`);
    expect(scan([frame, frame], 18)).toHaveLength(2);
    expect(() => scan([frame], 17)).toThrow('a stream frame larger than 17 bytes');
    expect(() =>
      scan(
        [...frame].map((byte) => Uint8Array.of(byte)),
        17,
      ),
    ).toThrow('larger than 17 bytes');
  });
});
