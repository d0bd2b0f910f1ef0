import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseData } from './sse.ts';

describe('the data of a stream’s events', () => {
  it('is the same however the bytes are cut', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 }).map((value) => value.replace(/[\r\n]/g, ' '));
    const events = fc.array(fc.record({ data: text, gap: fc.constantFrom('\n\n', '\r\n\r\n'), hasName: fc.boolean() }), { maxLength: 8 });
    fc.assert(
      fc.property(events, fc.array(fc.nat(400), { maxLength: 12 }), (all, cuts) => {
        const whole = all
          .map(({ data, gap, hasName }) => `${hasName ? `event: x${gap.slice(0, gap.length / 2)}` : ''}data: ${data}${gap}`)
          .join('');
        const bytes = new TextEncoder().encode(whole);
        const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const reader = new SseData();
        const got = at.slice(1).flatMap((end, i) => reader.push(bytes.subarray(at[i], end)));
        expect(got).toEqual(all.map(({ data }) => new TextDecoder().decode(new TextEncoder().encode(data))));
      }),
    );
  });

  it('leaves out comments and events without data', () => {
    expect(new SseData().push(new TextEncoder().encode(': alive\n\nevent: ping\n\ndata: 1\ndata: 2\n\ndata: half'))).toEqual(['1\n2']);
  });
});
