import { describe, expect, it } from 'vitest';
import { TallyError } from '../errors.ts';
import { UNITS } from '../units.ts';
import { parseDeclaredFacts } from './declared.ts';

const llama = { window: 8192, maxOutput: 4096, tokenizer: 'byte_bpe', endpoints: ['chat'] };

function refusal(json: unknown): string {
  try {
    parseDeclaredFacts(json);
    return 'taken';
  } catch (error) {
    return error instanceof TallyError && error.code === 'INPUT_INVALID' ? error.message : `other: ${error}`;
  }
}

describe('parseDeclaredFacts', () => {
  it('gives facts of grade declared', () => {
    const facts = parseDeclaredFacts({ 'llama3.2': llama }).get('llama3.2');
    expect(facts).toMatchObject({
      id: 'llama3.2',
      endpoints: ['chat'],
      window: { value: 8192n, grade: 'declared' },
      maxOutput: { value: 4096n },
    });
    expect(facts).not.toHaveProperty('prices');
  });

  it('allows for the server’s own template, and for what the operator says of it', () => {
    const read = (more: object) => parseDeclaredFacts({ m: { ...llama, ...more } }).get('m');
    expect(read({})?.callFrame?.value).toBe(1024n);
    expect(read({ callFrame: 7, countable: true })).toMatchObject({
      callFrame: { value: 7n },
      countable: { value: true, grade: 'declared' },
    });
    expect(read({})).not.toHaveProperty('countable');
  });

  it('reads prices as whole base units, and an absent tokenizer as unknown', () => {
    const { tokenizer: _, ...rest } = llama;
    const facts = parseDeclaredFacts({ m: { ...rest, prices: { input: '2500000', output: 10_000_000 } } }).get('m');
    expect(facts?.tokenizer.value).toBe('unknown');
    expect(facts?.prices?.value).toContainEqual({ unit: UNITS.cached_input, price: 2_500_000n, per: 1_000_000n });
    expect(facts?.prices?.value).toContainEqual({ unit: UNITS.reasoning, price: 10_000_000n, per: 1_000_000n });
  });

  it('takes an embedding model without output', () => {
    expect(parseDeclaredFacts({ e: { window: 512, maxOutput: 0, endpoints: ['embeddings'] } }).size).toBe(1);
    expect(parseDeclaredFacts({}).size).toBe(0);
  });

  it.each([
    ['no object', [], 'the whole'],
    ['window missing', { m: { maxOutput: 1, endpoints: ['chat'] } }, 'm.window'],
    ['window fraction', { m: { ...llama, window: 1.5 } }, 'm.window'],
    ['window negative', { m: { ...llama, window: -1 } }, 'm.window'],
    ['output above window', { m: { ...llama, maxOutput: 9000 } }, 'm.maxOutput'],
    ['no output', { m: { ...llama, maxOutput: 0 } }, 'm.maxOutput'],
    ['tokenizer', { m: { ...llama, tokenizer: 'magic' } }, 'm.tokenizer'],
    ['endpoint', { m: { ...llama, endpoints: ['images'] } }, 'm.endpoints.0'],
    ['endpoint twice', { m: { ...llama, endpoints: ['chat', 'chat'] } }, 'm.endpoints'],
    ['unknown field', { m: { ...llama, windw: 1 } }, 'm'],
    ['price fraction', { m: { ...llama, prices: { input: '0.5', output: '1' } } }, 'm.prices.input'],
    ['price negative', { m: { ...llama, prices: { input: -1, output: '1' } } }, 'm.prices.input'],
    ['price too large', { m: { ...llama, prices: { input: '9000000000000000000', output: '1' } } }, 'm.prices.input'],
  ])('refuses %s and names the field', (_, json, field) => {
    expect(refusal(json)).toContain(`Model facts, ${field}: `);
  });
});
