import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TallyError } from '../errors.ts';
import type { Endpoint, Fact, ModelFacts, Tokenizer } from '../facts/types.ts';
import { bytesBound, exactBound, smallestBound, windowBound } from './bounds.ts';
import type { BoundInputs } from './inputs.ts';
import type { Grade } from './proof.ts';

function fact<T>(value: T, grade: Grade = 'documented'): Fact<T> {
  return { value, source: 'a test', date: '2026-01-01', grade };
}

function model(more: Partial<ModelFacts> = {}): ModelFacts {
  const endpoints: readonly Endpoint[] = ['chat', 'responses'];
  return { id: 'm', endpoints, window: fact(1000n), maxOutput: fact(400n), tokenizer: fact<Tokenizer>('byte_bpe'), ...more };
}

function inputs(more: Partial<BoundInputs> = {}): BoundInputs {
  const base = {
    facts: model(),
    endpoint: 'chat',
    textBytes: 100,
    messages: 2,
    tools: 1,
    maxOutputPerChoice: 50n,
    choices: 1,
    inputs: 0,
    images: 0,
    opaque: false,
  };
  return { ...base, ...more } as BoundInputs;
}

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'none';
  } catch (error) {
    return error instanceof TallyError ? error.code : 'other';
  }
}

describe('bounds', () => {
  it('bytes: text, 16 a message, 64 a tool, 64 a call, and all choices', () => {
    expect(bytesBound(inputs({ choices: 3 }))).toEqual({ proof: 'bytes', grade: 'documented', input: 260n, output: 150n, total: 410n });
  });

  it('window: W + (n − 1) · min(max output, W)', () => {
    expect(windowBound(inputs({ choices: 3 }))).toMatchObject({ input: 1000n, output: 150n, total: 1100n });
    expect(windowBound(inputs({ choices: 3, maxOutputPerChoice: 5000n }))).toMatchObject({ output: 3000n, total: 3000n });
  });

  it('embeddings: no output, one window and one frame for each input', () => {
    const embed = model({ endpoints: ['embeddings'], window: fact(8n), maxOutput: fact(0n) });
    const given = inputs({ facts: embed, endpoint: 'embeddings', maxOutputPerChoice: 0n, inputs: 3, messages: 0, tools: 0 });
    expect(bytesBound(given)).toMatchObject({ input: 212n, output: 0n, total: 212n });
    expect(smallestBound(given)).toMatchObject({ proof: 'window', input: 24n, total: 24n });
    expect(codeOf(() => smallestBound({ ...given, inputs: 0 }))).toBe('INPUT_INVALID');
  });

  it('exact: the fixed cost and nothing else, even where another number is smaller', () => {
    const facts = model({ fixedCost: fact(5000n, 'proved') });
    expect(exactBound(inputs())).toBeNull();
    expect(smallestBound(inputs({ facts }))).toEqual({ proof: 'exact', grade: 'proved', input: 5000n, output: 5000n, total: 5000n });
    expect(codeOf(() => smallestBound(inputs({ facts: model({ fixedCost: fact(5n, 'canary') }) })))).toBe('CAP_EXCEEDED');
  });

  it('takes the smaller of bytes and window', () => {
    expect(smallestBound(inputs())).toMatchObject({ proof: 'bytes', total: 310n });
    expect(smallestBound(inputs({ textBytes: 10_000 }))).toMatchObject({ proof: 'window', total: 1000n });
  });

  it('lets only proof count', () => {
    const unknown = model({ tokenizer: fact<Tokenizer>('unknown') });
    expect(smallestBound(inputs({ facts: unknown }))).toMatchObject({ proof: 'window' });
    const canary = model({ tokenizer: fact<Tokenizer>('byte_bpe', 'canary') });
    expect(bytesBound(inputs({ facts: canary }))).toBeNull();
    expect(codeOf(() => smallestBound(inputs({ facts: { ...canary, window: fact(1000n, 'canary') } })))).toBe('CAP_EXCEEDED');
    expect(smallestBound(inputs({ facts: model({ tokenizer: fact<Tokenizer>('byte_bpe', 'declared') }) })).grade).toBe('declared');
  });

  it('refuses what makes no sense', () => {
    expect(codeOf(() => smallestBound(inputs({ endpoint: 'embeddings' })))).toBe('MODEL_UNKNOWN');
    expect(codeOf(() => smallestBound(inputs({ textBytes: -1 })))).toBe('INPUT_INVALID');
    expect(codeOf(() => smallestBound(inputs({ messages: 1.5 })))).toBe('INPUT_INVALID');
    expect(codeOf(() => smallestBound(inputs({ choices: 0 })))).toBe('INPUT_INVALID');
    expect(codeOf(() => smallestBound(inputs({ maxOutputPerChoice: 0n })))).toBe('INPUT_INVALID');
    const endless = model({ window: fact(2n ** 70n) });
    expect(codeOf(() => smallestBound(inputs({ facts: endless, maxOutputPerChoice: 2n ** 69n })))).toBe('CAP_EXCEEDED');
  });

  it('covers every call that keeps to the window and the limit that it was sent', () => {
    const call = fc.record({
      window: fc.bigInt(1n, 2000n),
      limit: fc.bigInt(1n, 3000n),
      textBytes: fc.nat(3000),
      choices: fc.integer({ min: 1, max: 5 }),
      prompt: fc.bigInt(0n, 2000n),
      answers: fc.array(fc.bigInt(0n, 3000n), { minLength: 5, maxLength: 5 }),
    });
    const least = (...of: bigint[]) => of.reduce((a, b) => (a < b ? a : b));
    fc.assert(
      fc.property(call, ({ window, limit, textBytes, choices, prompt, answers }) => {
        const facts = model({ window: fact(window) });
        const bound = smallestBound(inputs({ facts, textBytes, choices, maxOutputPerChoice: limit, messages: 0, tools: 0 }));
        const input = least(prompt, window, BigInt(textBytes));
        const output = answers.slice(0, choices).reduce((sum, each) => sum + least(each, limit, window - input), 0n);
        expect(input + output <= bound.total).toBe(true);
        expect(input <= bound.input && output <= bound.output).toBe(true);
      }),
    );
  });
});
