import { describe, expect, it } from 'vitest';
import { UNITS } from '../units.ts';
import { canonicalFacts, factsVersion, modelFacts, modelsOf } from './catalogue.ts';
import { UNBILLED_REFUSALS, unbilledRefusal } from './refusals.ts';
import type { Fact, ModelFacts } from './types.ts';

function lines(model: ModelFacts): Fact<unknown>[] {
  return [model.window, model.maxOutput, model.tokenizer, model.prices, model.fixedCost].filter((line) => line !== undefined);
}

describe('the facts file', () => {
  it('says of every line where it is from, when it was read, and how well it is known', () => {
    for (const model of [...modelsOf('openai'), ...modelsOf('sandbox')]) {
      for (const { source, date, grade } of lines(model)) {
        expect(source).not.toBe('');
        expect(date).toMatch(/^20\d\d-\d\d-\d\d$/);
        expect(['proved', 'documented']).toContain(grade);
      }
    }
    for (const row of UNBILLED_REFUSALS) expect(row.source).not.toBe('');
  });

  it('names each model once, with limits that fit together', () => {
    for (const models of [modelsOf('openai'), modelsOf('sandbox')]) {
      expect(new Set(models.map(({ id }) => id)).size).toBe(models.length);
      for (const { window, maxOutput, endpoints } of models) {
        expect(maxOutput.value <= window.value).toBe(true);
        expect(maxOutput.value > 0n).toBe(!endpoints.includes('embeddings'));
      }
    }
  });

  it('knows snapshots by their full name only', () => {
    expect(modelFacts('openai', 'gpt-4o-2024-08-06')).toEqual({ ...modelFacts('openai', 'gpt-4o'), id: 'gpt-4o-2024-08-06' });
    expect(modelFacts('openai', 'gpt-4o-2099-01-01')).toBeUndefined();
    expect(modelFacts('openai', 'toString')).toBeUndefined();
  });

  it('has prices in credit base units per million tokens', () => {
    const prices = modelFacts('openai', 'gpt-4o')?.prices?.value ?? [];
    const price = (unit: number) => prices.find((each) => each.unit === unit);
    expect(price(UNITS.input)).toEqual({ unit: UNITS.input, price: 2_500_000n, per: 1_000_000n });
    expect(price(UNITS.cached_input)?.price).toBe(1_250_000n);
    expect(price(UNITS.reasoning)?.price).toBe(price(UNITS.output)?.price);
  });

  it('has one version for one content', () => {
    expect(factsVersion()).toMatch(/^0x[0-9a-f]{64}$/);
    expect(factsVersion()).toBe(factsVersion());
    expect(JSON.parse(canonicalFacts())).toHaveProperty('models.openai');
  });
});

describe('unbilledRefusal', () => {
  it('knows the sandbox’s refusals and nothing of other hosts', () => {
    for (const status of [400, 401, 429]) expect(unbilledRefusal('sandbox', status, null)?.grade).toBe('proved');
    expect(unbilledRefusal('sandbox', 500, null)).toBeUndefined();
    expect(unbilledRefusal('api.openai.com', 429, 'rate_limit_exceeded')).toBeUndefined();
  });
});
