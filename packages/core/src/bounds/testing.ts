import { TallyError } from '../errors.ts';
import type { Endpoint, Fact, ModelFacts, Tokenizer } from '../facts/types.ts';
import type { BoundInputs } from './inputs.ts';
import type { Grade } from './proof.ts';

/** Made-up facts and calls, for tests. */
export function fact<T>(value: T, grade: Grade = 'documented'): Fact<T> {
  return { value, source: 'a test', date: '2026-01-01', grade };
}

export function model(more: Partial<ModelFacts> = {}): ModelFacts {
  const endpoints: readonly Endpoint[] = ['chat', 'responses'];
  return { id: 'm', endpoints, window: fact(1000n), maxOutput: fact(400n), tokenizer: fact<Tokenizer>('byte_bpe'), ...more };
}

const CALL: BoundInputs = {
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

export function inputs(more: Partial<BoundInputs> = {}): BoundInputs {
  return { ...CALL, ...more };
}

/** @returns the code of the refusal, or `none`. */
export function codeOf(run: () => unknown): string {
  try {
    run();
    return 'none';
  } catch (error) {
    return error instanceof TallyError ? error.code : 'other';
  }
}
