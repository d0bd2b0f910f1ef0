import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelFacts } from '../facts/catalogue.ts';
import { countBound, isCountable } from './count-bound.ts';
import { codeOf, fact, inputs, model } from './testing.ts';

describe('countBound', () => {
  it('is the count, 2 % and at least 512 tokens, and all choices', () => {
    expect(countBound(inputs({ choices: 3 }), 0n)).toEqual({ proof: 'count', grade: 'evidence', input: 512n, output: 150n, total: 662n });
    expect(countBound(inputs(), 25_600n)).toMatchObject({ input: 26_112n });
    expect(countBound(inputs(), 25_601n)).toMatchObject({ input: 26_114n });
    expect(countBound(inputs(), 1_000_000n)).toMatchObject({ input: 1_020_000n, output: 50n, total: 1_020_050n });
  });

  it('covers what the count covers: text of any size, images, files', () => {
    const given = { textBytes: 10 ** 9, images: 50, opaque: true };
    expect(countBound(inputs(given), 1000n)).toEqual(countBound(inputs(), 1000n));
  });

  it('adds images that are billed beyond what is counted, and refuses where their price is not known', () => {
    const images = { images: 3 };
    const billed = model({ imagesBilledBeyondWindow: true, imageTokens: fact(700n) });
    expect(countBound(inputs({ ...images, facts: billed }), 1000n)).toMatchObject({ input: 1512n + 2100n });
    expect(codeOf(() => countBound(inputs({ ...images, facts: model({ imagesBilledBeyondWindow: true }) }), 1000n))).toBe('CAP_EXCEEDED');
  });

  it('rests on what the model can emit where the limit that is sent does not bind', () => {
    const facts = model({ limitCoversReasoning: fact(false, 'canary') });
    expect(countBound(inputs({ facts, choices: 2 }), 0n)).toMatchObject({ output: 800n });
    // Trials that show that it does bind are evidence, as the count is.
    expect(countBound(inputs({ facts: model({ limitCoversReasoning: fact(true, 'canary') }), choices: 2 }), 0n)).toMatchObject({
      output: 100n,
    });
    expect(codeOf(() => countBound(inputs({ facts: { ...facts, maxOutput: fact(400n, 'canary') } }), 0n))).toBe('CAP_EXCEEDED');
  });

  it('has no output for embeddings', () => {
    const facts = model({ endpoints: ['embed'], maxOutput: fact(0n) });
    const given = inputs({ facts, endpoint: 'embed', maxOutputPerChoice: 0n, inputs: 2 });
    expect(countBound(given, 10n)).toMatchObject({ input: 522n, output: 0n, total: 522n });
  });

  it('refuses what makes no sense', () => {
    expect(codeOf(() => countBound(inputs(), -1n))).toBe('INPUT_INVALID');
    expect(codeOf(() => countBound(inputs({ choices: 0 }), 1n))).toBe('INPUT_INVALID');
    expect(codeOf(() => countBound(inputs({ maxOutputPerChoice: 0n }), 1n))).toBe('INPUT_INVALID');
    expect(codeOf(() => countBound(inputs({ endpoint: 'embeddings' }), 1n))).toBe('MODEL_UNKNOWN');
    expect(codeOf(() => countBound(inputs(), 2n ** 62n))).toBe('CAP_EXCEEDED');
  });

  it('is never less for a larger count, and covers bills within its margin', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 7n), fc.bigInt(0n, 10n ** 6n), fc.bigInt(0n, 50n), (counted, more, answer) => {
        const bound = countBound(inputs(), counted);
        expect(countBound(inputs(), counted + more).total >= bound.total).toBe(true);
        expect((counted * 102n) / 100n + answer <= bound.total).toBe(true);
        expect(counted + 512n + answer <= bound.total).toBe(true);
      }),
    );
  });
});

describe('isCountable', () => {
  it('is true only where a fact that counts says so', () => {
    expect(isCountable(model())).toBe(false);
    expect(isCountable(model({ countable: fact(true) }))).toBe(true);
    expect(isCountable(model({ countable: fact(false) }))).toBe(false);
    expect(isCountable(model({ countable: fact(true, 'canary') }))).toBe(false);
    expect(isCountable(model({ countable: fact(true), fixedCost: fact(5n) }))).toBe(false);
  });

  it('holds for Claude and Gemini, and not for OpenAI', () => {
    const known = (provider: 'openai' | 'anthropic' | 'google', id: string) => isCountable(modelFacts(provider, id) ?? model());
    expect(known('anthropic', 'claude-opus-5-5')).toBe(true);
    expect(known('google', 'gemini-3.8-flash')).toBe(true);
    expect(known('openai', 'gpt-5')).toBe(false);
  });
});
