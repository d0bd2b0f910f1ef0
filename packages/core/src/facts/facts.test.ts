import { describe, expect, it } from 'vitest';
import { counts } from '../bounds/grades.ts';
import { tariffOf } from '../tariff/tariff.ts';
import { TOKEN_UNITS, UNITS, type UnitName } from '../units.ts';
import { canonicalFacts, type FactsProvider, factsVersion, modelFacts, modelsOf } from './catalogue.ts';
import { UNBILLED_REFUSALS, unbilledRefusal } from './refusals.ts';
import type { Endpoint, Fact, ModelFacts } from './types.ts';

const PROVIDERS: readonly FactsProvider[] = ['openai', 'anthropic', 'google', 'sandbox'];
const PUBLIC = PROVIDERS.filter((provider) => provider !== 'sandbox');
const SERVED: Readonly<Record<FactsProvider, readonly Endpoint[]>> = {
  openai: ['chat', 'responses', 'embeddings'],
  anthropic: ['messages'],
  google: ['generate', 'embed'],
  sandbox: ['chat', 'responses', 'embeddings', 'messages', 'generate', 'embed'],
};
/** What has not been settled may stand in the facts, but carries no bound. */
const DISPUTED: readonly string[] = ['limitCoversReasoning', 'window of embed'];

function isFact(value: unknown): value is Fact<unknown> {
  return typeof value === 'object' && value !== null && 'grade' in value;
}

/** Every line of a model, by its name in the facts. */
function lines(model: ModelFacts): [string, Fact<unknown>][] {
  const suffix = model.endpoints.includes('embed') ? ' of embed' : '';
  return Object.entries(model).flatMap(([name, value]) => (isFact(value) ? [[name === 'window' ? name + suffix : name, value]] : []));
}

function priceOf(model: ModelFacts | undefined, unit: UnitName): bigint | undefined {
  return model?.prices?.value.find((each) => each.unit === UNITS[unit])?.price;
}

describe.each(PROVIDERS)('the facts on %s', (provider) => {
  const models = modelsOf(provider);

  it('say of every line where it is from, when it was read, and how well it is known', () => {
    expect(models.length).toBeGreaterThan(0);
    for (const [name, { source, date, grade }] of models.flatMap(lines)) {
      expect(source).toMatch(provider === 'sandbox' ? /./ : /^https:\/\/\S+/);
      expect(date).toMatch(/^20\d\d-\d\d-\d\d$/);
      if (!DISPUTED.includes(name)) expect(grade).toBe(provider === 'sandbox' ? 'proved' : 'documented');
    }
  });

  it('name each model once, at endpoints of that provider', () => {
    expect(new Set(models.map(({ id }) => id)).size).toBe(models.length);
    for (const { id, endpoints } of models) {
      expect(id).toMatch(/^[a-z0-9][a-z0-9.-]+$/);
      expect(endpoints.length).toBeGreaterThan(0);
      expect(endpoints.every((endpoint) => SERVED[provider].includes(endpoint))).toBe(true);
    }
  });

  it('have limits that fit together', () => {
    for (const { window, inputLimit, maxOutput, endpoints } of models) {
      expect(maxOutput.value <= window.value).toBe(true);
      expect(maxOutput.value > 0n).toBe(!endpoints.some((endpoint) => endpoint === 'embeddings' || endpoint === 'embed'));
      if (inputLimit !== undefined) expect(inputLimit.value + maxOutput.value).toBe(window.value);
    }
  });

  it('price every class of tokens, and none below what it is a part of', () => {
    for (const model of models) {
      const prices = model.prices?.value ?? [];
      expect(prices.map(({ unit }) => unit)).toEqual(TOKEN_UNITS.map((name) => UNITS[name]));
      expect(prices.every(({ per }) => per === 1_000_000n)).toBe(true);
      expect(tariffOf(1, prices).lines).toHaveLength(TOKEN_UNITS.length);
      const price = (unit: UnitName) => priceOf(model, unit) ?? -1n;
      expect(price('cached_input') <= price('input')).toBe(true);
      expect(price('cache_write_5m') >= price('input') && price('cache_write_1h') >= price('cache_write_5m')).toBe(true);
      expect(price('reasoning')).toBe(price('output'));
      const embeds = model.maxOutput.value === 0n;
      if (provider !== 'sandbox') expect(price('cached_input') > 0n && (embeds || price('output') > price('input'))).toBe(true);
    }
  });

  it('say what an image costs where it is billed beyond the window', () => {
    for (const { imageTokens, imagesBilledBeyondWindow } of models) {
      if (imagesBilledBeyondWindow === true) expect(imageTokens !== undefined && counts(imageTokens.grade)).toBe(true);
      if (imageTokens !== undefined) expect(imageTokens.value > 0n).toBe(true);
    }
  });
});

describe('the facts file', () => {
  it('knows snapshots by their full name only, with the facts of the name that they belong to', () => {
    const dated = PUBLIC.flatMap((provider) => modelsOf(provider).map(({ id }) => [provider, id] as const)).filter(([, id]) =>
      /-(\d{8}|\d{4}-\d\d-\d\d)$/.test(id),
    );
    expect(dated.length).toBeGreaterThan(12);
    for (const [provider, id] of dated) {
      const alias = id.replace(/-(\d{8}|\d{4}-\d\d-\d\d)$/, '');
      expect(modelFacts(provider, id)).toEqual({ ...modelFacts(provider, alias), id });
    }
    expect(modelFacts('openai', 'gpt-4o-2099-01-01')).toBeUndefined();
    expect(modelFacts('anthropic', 'claude-haiku-4-5-20990101')).toBeUndefined();
    expect(modelFacts('google', 'models/gemini-3.8-flash')).toBeUndefined();
    for (const provider of PROVIDERS) expect(modelFacts(provider, 'toString')).toBeUndefined();
  });

  it('names no model that has been shut down or that moves', () => {
    const names = PUBLIC.flatMap((provider) => modelsOf(provider).map(({ id }) => id));
    expect(names.filter((id) => /latest|claude-3|claude-2|gemini-(1|2\.0)/.test(id))).toEqual([]);
  });

  it('has prices in credit base units per million tokens', () => {
    expect(priceOf(modelFacts('openai', 'gpt-4o'), 'input')).toBe(2_500_000n);
    expect(priceOf(modelFacts('openai', 'gpt-4o'), 'cached_input')).toBe(1_250_000n);
    const haiku = modelFacts('anthropic', 'claude-haiku-4-5');
    expect(TOKEN_UNITS.map((unit) => priceOf(haiku, unit))).toEqual([1_000_000n, 100_000n, 1_250_000n, 2_000_000n, 5_000_000n, 5_000_000n]);
    expect(priceOf(modelFacts('anthropic', 'claude-mythos-5-2'), 'cached_input')).toBe(8_000_000n);
    expect(priceOf(modelFacts('google', 'gemini-3.1-pro-preview'), 'output')).toBe(18_000_000n);
  });

  it('takes no closed tokenizer for a byte-level one', () => {
    expect(modelsOf('anthropic').every(({ tokenizer }) => tokenizer.value === 'unknown')).toBe(true);
    expect(modelFacts('google', 'gemini-3.8-flash')?.tokenizer.value).toBe('unknown');
  });

  it('has one version for one content', () => {
    expect(factsVersion()).toMatch(/^0x[0-9a-f]{64}$/);
    expect(factsVersion()).toBe(factsVersion());
    for (const provider of PROVIDERS) expect(JSON.parse(canonicalFacts())).toHaveProperty(`models.${provider}.0.id`);
  });
});

describe('unbilledRefusal', () => {
  it('has one row for each refusal, and each with a page', () => {
    const keys = UNBILLED_REFUSALS.map(({ host, status, code }) => `${host} ${status} ${code}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { host, source, date, grade } of UNBILLED_REFUSALS) {
      expect(source).toMatch(host === 'sandbox' ? /./ : /^https:\/\//);
      expect(date).toMatch(/^20\d\d-\d\d-\d\d$/);
      expect(counts(grade)).toBe(true);
    }
  });

  it.each([
    ['sandbox', 400, null],
    ['sandbox', 401, 'anything'],
    ['sandbox', 429, null],
    ['api.anthropic.com', 400, 'invalid_request_error'],
    ['api.anthropic.com', 429, 'rate_limit_error'],
    ['api.anthropic.com', 529, 'overloaded_error'],
    ['generativelanguage.googleapis.com', 400, 'INVALID_ARGUMENT'],
    ['generativelanguage.googleapis.com', 500, null],
  ])('%s %i %s releases the hold', (host, status, code) => {
    expect(unbilledRefusal(host, status, code)).toMatchObject({ host, status });
  });

  it.each([
    ['sandbox', 500, null],
    ['api.openai.com', 429, 'rate_limit_exceeded'],
    ['api.anthropic.com', 400, null],
    ['api.anthropic.com', 400, 'rate_limit_error'],
    ['api.anthropic.com', 500, 'api_error'],
    ['api.anthropic.com', 504, 'timeout_error'],
    ['api.anthropic.com', 200, 'invalid_request_error'],
    ['generativelanguage.googleapis.com', 429, 'RESOURCE_EXHAUSTED'],
    ['generativelanguage.googleapis.com', 503, 'UNAVAILABLE'],
    ['generativelanguage.googleapis.com.example', 400, 'INVALID_ARGUMENT'],
  ])('%s %i %s spends it', (host, status, code) => {
    expect(unbilledRefusal(host, status, code)).toBeUndefined();
  });
});
