import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OPENAI } from '../dialects/openai.ts';
import { MarkReader, markedText, nowUs } from './marks.ts';

/** The text cut at the given places. */
function cutAt(text: string, places: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const at = [0, ...[...places].sort((a, b) => a - b).map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

function framesOf(times: readonly number[]): string {
  return times.map((time, seq) => OPENAI.stream.frame(seq, markedText(seq, time), false)).join('');
}

describe('MarkReader', () => {
  it('finds every mark, wherever the stream is cut', () => {
    const times = fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(times, fc.array(fc.nat(), { maxLength: 20 }), (sent, cuts) => {
        const reader = new MarkReader();
        const seen: number[] = [];
        for (const piece of cutAt(framesOf(sent), cuts)) reader.push(piece, (time) => seen.push(time));
        expect(seen).toEqual(sent);
        expect(reader.count).toBe(sent.length);
      }),
    );
  });

  it('notices a frame that is missing, and one that comes twice', () => {
    const frames = [0, 1, 2].map((seq) => Buffer.from(markedText(seq, 5)));
    const read = (order: readonly number[]) => {
      const reader = new MarkReader();
      for (const index of order) reader.push(frames[index] as Buffer, () => {});
      return reader.count;
    };
    expect(read([0, 1, 2])).toBe(3);
    expect(() => read([0, 2])).toThrow('frame 1');
    expect(() => read([0, 1, 1])).toThrow('frame 2');
  });
});

describe('nowUs', () => {
  it('is whole in a mark, and does not go back', () => {
    const before = nowUs();
    const seen: number[] = [];
    new MarkReader().push(Buffer.from(markedText(0, before)), (time) => seen.push(time));
    expect(seen).toEqual([Math.floor(before)]);
    expect(nowUs()).toBeGreaterThanOrEqual(before);
  });
});
