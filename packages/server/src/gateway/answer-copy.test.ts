import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteBudget } from '#ground/byte-budget';
import { AnswerCopy } from './answer-copy.ts';

const MAX = 10_000;

function copyOf(budget = new ByteBudget(1_000_000), max = MAX): AnswerCopy {
  const copy = new AnswerCopy(budget.reserve(), max);
  copy.head(200, { 'content-type': 'application/json', 'x-tally-held': '5', 'x-tally-mode': 'sandbox' });
  return copy;
}

const bodyOf = (copy: AnswerCopy) => Buffer.from(copy.answer()?.body ?? []).toString();

describe('a copy of an answer', () => {
  it('has all pieces in order, and of the headers those that are the answer’s own', () => {
    const copy = copyOf();
    for (const piece of ['{"a"', ':', '', '1}']) copy.add(Buffer.from(piece));
    expect(bodyOf(copy)).toBe('{"a":1}');
    expect(copy.answer()).toMatchObject({ status: 200, headers: { 'content-type': 'application/json', 'x-tally-mode': 'sandbox' } });
    expect(copy.answer()?.headers).not.toHaveProperty('x-tally-held');
  });

  it('keeps bytes, not views: what it was given may be written to afterwards', () => {
    const copy = copyOf();
    const piece = Buffer.from('one');
    copy.add(piece);
    piece.fill(0);
    expect(bodyOf(copy)).toBe('one');
  });

  it('is whole up to its limit and nothing beyond, however it is cut, and its room is bounded and given back', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 4_000 }), { maxLength: 8 }), (pieces) => {
        const budget = new ByteBudget(1_000_000);
        const copy = copyOf(budget);
        for (const piece of pieces) {
          copy.add(piece);
          expect(budget.taken).toBeLessThanOrEqual(MAX);
        }
        const all = Buffer.concat(pieces);
        if (all.length > MAX) expect(copy.answer()).toBeNull();
        else expect(Buffer.from(copy.answer()?.body ?? []).equals(all)).toBe(true);
        if (all.length > MAX) expect(budget.taken).toBe(0);
        copy.drop();
        copy.drop();
        expect(budget.taken).toBe(0);
        expect(copy.answer()).toBeNull();
      }),
    );
  });

  it('is dropped where all together have no room for it, and the others stay', () => {
    const budget = new ByteBudget(12_000);
    const [first, second] = [copyOf(budget), copyOf(budget)];
    first.add(Buffer.alloc(8_000, 'a'));
    second.add(Buffer.alloc(4_001, 'b'));
    second.add(Buffer.alloc(1, 'b'));
    expect(second.answer()).toBeNull();
    expect(bodyOf(first)).toBe('a'.repeat(8_000));
    expect(budget.taken).toBe(8_000);
  });

  it('without a head is no answer', () => {
    const copy = new AnswerCopy(new ByteBudget(MAX).reserve(), MAX);
    copy.add(Buffer.from('x'));
    expect(copy.answer()).toBeNull();
  });
});
