import { describe, expect, it } from 'vitest';
import { readGift } from './input.ts';
import { probeOf } from './probe.ts';
import { hostOf, modelsAt, Providers } from './providers.ts';
import { checkUsable, isUsable } from './usable.ts';

const BUILT_IN = { openai: 'https://o.test/v1', anthropic: 'https://a.test/v1', google: 'https://g.test', sandbox: 'sandbox:' };
const providers = new Providers(BUILT_IN, null);
const LLAMA = { 'llama-3': { window: 8192, maxOutput: 2048, tokenizer: 'byte_bpe', endpoints: ['chat'] } };
const NOW = 1_800_000_000_000;

describe('the operator’s file of providers', () => {
  const read = (file: unknown) => new Providers(BUILT_IN, file);

  it('adds some, and leads built-in ones elsewhere', () => {
    const own = read({
      groq: { dialect: 'openai', base_url: 'https://api.groq.test/openai/v1/', models: LLAMA, key_pattern: '^gsk_' },
      anthropic: { base_url: 'http://127.0.0.1:9/v1' },
    });
    expect(own.names()).toEqual(['anthropic', 'google', 'groq', 'openai', 'sandbox']);
    expect(own.find('groq')).toMatchObject({ dialect: 'openai-compatible', baseUrl: 'https://api.groq.test/openai/v1' });
    expect(hostOf(own.find('groq'))).toBe('api.groq.test');
    expect(hostOf(own.find('anthropic'))).toBe('127.0.0.1:9');
    expect(own.find('anthropic').keyPattern).toEqual(providers.find('anthropic').keyPattern);
    expect(modelsAt(own.find('groq')).map(({ id }) => id)).toEqual(['llama-3']);
  });

  it.each<[string, unknown]>([
    ['no object', []],
    ['an unknown field', { groq: { dialect: 'openai', base_url: 'https://g.test', models: LLAMA, key: 'x' } }],
    ['a name that is none', { 'Groq Inc': { dialect: 'openai', base_url: 'https://g.test', models: LLAMA } }],
    ['a name of the pool’s own', { unlocked: { dialect: 'openai', base_url: 'https://g.test', models: LLAMA } }],
    ['another place for the sandbox', { sandbox: { base_url: 'https://g.test' } }],
    ['another dialect for a built-in one', { google: { dialect: 'openai', base_url: 'https://g.test' } }],
    ['no dialect', { groq: { base_url: 'https://g.test', models: LLAMA } }],
    ['no models', { groq: { dialect: 'openai', base_url: 'https://g.test' } }],
    ['models that are none', { groq: { dialect: 'openai', base_url: 'https://g.test', models: { a: {} } } }],
    ['plain HTTP beyond this host', { openai: { base_url: 'http://o.test' } }],
    ['credentials in the URL', { openai: { base_url: 'https://u:p@o.test' } }],
    ['a pattern that is none', { openai: { base_url: 'https://o.test', key_pattern: '(' } }],
  ])('is refused with %s', (_, file) => {
    expect(() => read(file)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', facts: { setting: 'TALLY_POOL_PROVIDERS_FILE' } }));
  });
});

describe('what is sent', () => {
  const good = { provider: 'openai', api_key: 'sk-proj-0123456789abcdef', donated_tokens: 500_000 };
  const read = (more: Readonly<Record<string, unknown>>) => () => readGift({ ...good, ...more }, providers, NOW);

  it('has a cap, first of all', () => {
    for (const donated_tokens of [undefined, null, 0, -1, 1.5, '500000', 2 ** 60 * -1, Number.NaN, true])
      expect(read({ donated_tokens, api_key: 7 }), String(donated_tokens)).toThrow(
        expect.objectContaining({ code: 'DONATED_TOKENS_REQUIRED' }),
      );
    for (const donated_tokens of [100_000_001, 2 ** 53])
      expect(read({ donated_tokens })).toThrow(expect.objectContaining({ code: 'DONATION_TOO_LARGE' }));
    for (const body of [null, [], 'x', 7])
      expect(() => readGift(body, providers, NOW)).toThrow(expect.objectContaining({ code: 'DONATED_TOKENS_REQUIRED' }));
    expect(read({ donated_tokens: 100_000_000 })().tokens).toBe(100_000_000);
  });

  it.each<[string, string]>([
    ['openai', 'sk-0123456789abcdef01'],
    ['openai', 'sk-svcacct-0123456789abcdef_-'],
    ['anthropic', 'sk-ant-api03-0123456789_-AA'],
    ['google', 'AIzaSyA0123456789_-abcdefghijklmnopqrs'],
    ['google', 'AQ.Ab8RN6J0123456789_-.abc'],
    ['sandbox', 'anything-will-do'],
  ])('may be a key of %s like %s', (provider, api_key) => {
    expect(read({ provider, api_key })().apiKey).toBe(api_key);
  });

  it.each<[string, string]>([
    ['openai', 'sk-ant-api03-0123456789abcdef'],
    ['openai', 'sk-0123456789abcdef01 '],
    ['openai', 'sk-0123456789\nabcdef01'],
    ['openai', 'sk-0123456789\u0000bcdef01'],
    ['openai', 'sk-0123456789é0123456'],
    ['openai', 'sk-'],
    ['openai', `sk-${'a'.repeat(4096)}`],
    ['anthropic', 'sk-0123456789abcdef01'],
    ['google', 'sk-0123456789abcdef01'],
    ['sandbox', 'short'],
  ])('is refused as a key of %s: %j, and not repeated', (provider, api_key) => {
    const refused = () => read({ provider, api_key })();
    expect(refused).toThrow(expect.objectContaining({ code: 'KEY_FORMAT_INVALID', message: expect.not.stringContaining(api_key.trim()) }));
  });

  it('repeats nothing of itself in a refusal', () => {
    const secret = 'sk-ant-a-secret-in-a-wrong-place';
    const places = [
      { [secret]: 1 },
      { provider: secret },
      { settle: secret },
      { donor_address: `${secret}\n` },
      { expires_at: secret },
      { auth: { [secret]: 1 } },
    ];
    for (const more of places)
      expect(read(more)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID', message: expect.not.stringContaining(secret) }));
    expect(read({ expires_at: NOW + 59_999 })).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  });
});

describe('the call that tries a key', () => {
  it('is free where the provider counts for nothing, else the smallest chat', () => {
    const of = (name: string) => probeOf(providers.find(name).dialect, modelsAt(providers.find(name)));
    expect(of('anthropic')).toMatchObject({ path: '/v1/messages/count_tokens', cost: 0n });
    expect(of('google')).toMatchObject({ path: expect.stringMatching(/^\/v1beta\/models\/gemini-[^/]+:countTokens$/), cost: 0n });
    expect(of('openai')).toMatchObject({ path: '/v1/chat/completions', body: expect.stringContaining('"gpt-4o-mini"') });
    expect(of('sandbox')).toMatchObject({ path: '/v1/chat/completions', cost: 5n });
    expect(probeOf('openai-compatible', [])).toBeNull();
  });
});

describe('a cap', () => {
  const check = (name: string, tokens: bigint, consent: boolean) => () => {
    const models = modelsAt(providers.find(name));
    checkUsable(models, probeOf(providers.find(name).dialect, models), tokens, consent);
  };

  it('under which no model could be called is refused, with what would do', () => {
    expect(check('anthropic', 199_999n, false)).toThrow(
      expect.objectContaining({ code: 'DONATION_UNUSABLE', facts: expect.objectContaining({ count_consent: true }) }),
    );
    expect(check('anthropic', 200_000n, false)).not.toThrow();
    expect(check('anthropic', 571n, true)).toThrow(
      expect.objectContaining({ code: 'DONATION_UNUSABLE', facts: expect.objectContaining({ least: '572' }) }),
    );
    expect(check('anthropic', 572n, true)).not.toThrow();
    // The call that tries the key is paid out of the cap, and leaves room for one more.
    expect(check('sandbox', 9n, false)).toThrow(expect.objectContaining({ facts: expect.objectContaining({ least: '10' }) }));
    expect(check('sandbox', 10n, false)).not.toThrow();
    expect(check('openai', 100n, false)).toThrow(expect.objectContaining({ code: 'DONATION_UNUSABLE' }));
  });

  it('counts the band that stays free where only counts fit', () => {
    const models = modelsAt(providers.find('anthropic'));
    const room = { limit: 10_000n, countConsent: true };
    expect(isUsable(models, { ...room, used: 10_000n - 1_000n - 514n })).toBe(true);
    expect(isUsable(models, { ...room, used: 10_000n - 1_000n - 513n })).toBe(false);
    expect(isUsable(models, { ...room, used: 0n, countConsent: false })).toBe(false);
  });
});
