import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overlayAnthropicUsage } from './anthropic.ts';
import { addUsage, mergeUsage, ZERO_USAGE } from './merge.ts';
import { normaliseUsage } from './normalise.ts';
import { type Usage, type UsageDialect, usageTotal } from './usage.ts';

const DIALECTS: readonly UsageDialect[] = [
  'openai-chat',
  'openai-responses',
  'openai-embeddings',
  'anthropic',
  'google',
  'google-embeddings',
];

function usage(part: Partial<Usage>): Usage {
  return { ...ZERO_USAGE, ...part };
}

const message = { input_tokens: 10, output_tokens: 7, service_tier: 'standard' };
const read = usage({ input: 10n, output: 7n });
const chat = { prompt_tokens: 19, completion_tokens: 10, total_tokens: 29 };

/** Shapes as the providers send them, and what they come to. */
const TABLE: readonly [string, UsageDialect, unknown, Usage | null][] = [
  [
    'chat, full details',
    'openai-chat',
    {
      prompt_tokens: 2006,
      completion_tokens: 300,
      total_tokens: 2306,
      prompt_tokens_details: { cached_tokens: 1920, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 192, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
    },
    usage({ input: 86n, cached_input: 1920n, output: 108n, reasoning: 192n }),
  ],
  ['chat, bare', 'openai-chat', chat, usage({ input: 19n, output: 10n })],
  ['chat, no total', 'openai-chat', { prompt_tokens: 19, completion_tokens: 10 }, usage({ input: 19n, output: 10n })],
  ['chat, null details', 'openai-chat', { ...chat, prompt_tokens_details: null }, usage({ input: 19n, output: 10n })],
  ['chat, zeros', 'openai-chat', { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }, ZERO_USAGE],
  ['chat, total above its parts: the excess is output', 'openai-chat', { ...chat, total_tokens: 40 }, usage({ input: 19n, output: 21n })],
  [
    'chat, reasoning outside the completion, told by the total',
    'openai-chat',
    { ...chat, total_tokens: 34, completion_tokens_details: { reasoning_tokens: 5 } },
    usage({ input: 19n, output: 10n, reasoning: 5n }),
  ],
  [
    'chat, more reasoning than completion, told by the total',
    'openai-chat',
    { ...chat, total_tokens: 59, completion_tokens_details: { reasoning_tokens: 30 } },
    usage({ input: 19n, output: 10n, reasoning: 30n }),
  ],
  ['chat, more reasoning than all', 'openai-chat', { ...chat, completion_tokens_details: { reasoning_tokens: 30 } }, null],
  ['chat, total below its parts', 'openai-chat', { ...chat, total_tokens: 28 }, null],
  ['chat, cached above prompt', 'openai-chat', { ...chat, prompt_tokens_details: { cached_tokens: 20 } }, null],
  ['chat, missing completion', 'openai-chat', { prompt_tokens: 19, total_tokens: 19 }, null],
  ['chat, negative', 'openai-chat', { ...chat, prompt_tokens: -1 }, null],
  ['chat, fraction', 'openai-chat', { ...chat, completion_tokens: 1.5 }, null],
  ['chat, text', 'openai-chat', { ...chat, completion_tokens: '10' }, null],
  ['chat, over 2^53', 'openai-chat', { ...chat, completion_tokens: 2 ** 53, total_tokens: 2 ** 53 + 19 }, null],
  ['chat, details are a list', 'openai-chat', { ...chat, prompt_tokens_details: [] }, null],
  ['nothing', 'openai-chat', null, null],
  ['a list', 'openai-chat', [], null],
  [
    'responses',
    'openai-responses',
    {
      input_tokens: 81,
      input_tokens_details: { cached_tokens: 64 },
      output_tokens: 1035,
      output_tokens_details: { reasoning_tokens: 832 },
      total_tokens: 1116,
    },
    usage({ input: 17n, cached_input: 64n, output: 203n, reasoning: 832n }),
  ],
  ['responses, chat names', 'openai-responses', chat, null],
  ['embeddings', 'openai-embeddings', { prompt_tokens: 8, total_tokens: 8 }, usage({ input: 8n })],
  ['embeddings, total above', 'openai-embeddings', { prompt_tokens: 8, total_tokens: 9 }, usage({ input: 9n })],
  ['embeddings, total below', 'openai-embeddings', { prompt_tokens: 8, total_tokens: 7 }, null],
  [
    'anthropic, both cache lives',
    'anthropic',
    {
      input_tokens: 2048,
      cache_read_input_tokens: 1800,
      cache_creation_input_tokens: 556,
      cache_creation: { ephemeral_5m_input_tokens: 456, ephemeral_1h_input_tokens: 100 },
      output_tokens: 503,
      service_tier: 'standard',
    },
    usage({ input: 2048n, cached_input: 1800n, cache_write_5m: 456n, cache_write_1h: 100n, output: 503n }),
  ],
  [
    'anthropic, writes without a split',
    'anthropic',
    { input_tokens: 21, cache_creation_input_tokens: 188, cache_read_input_tokens: 0, output_tokens: 393 },
    usage({ input: 21n, cache_write_5m: 188n, output: 393n }),
  ],
  [
    'anthropic, a split that leaves some out: the dearer class',
    'anthropic',
    { input_tokens: 1, cache_creation_input_tokens: 100, cache_creation: { ephemeral_5m_input_tokens: 60 }, output_tokens: 1 },
    usage({ input: 1n, cache_write_5m: 60n, cache_write_1h: 40n, output: 1n }),
  ],
  ['anthropic, bare', 'anthropic', { input_tokens: 10, output_tokens: 1 }, usage({ input: 10n, output: 1n })],
  ['anthropic, several passes', 'anthropic', { input_tokens: 10, output_tokens: 1, iterations: [{}, {}] }, null],
  [
    'anthropic, a split of nothing leaves all out',
    'anthropic',
    { input_tokens: 1, cache_creation_input_tokens: 9, cache_creation: { ephemeral_5m_input_tokens: 0 }, output_tokens: 1 },
    usage({ input: 1n, cache_write_1h: 9n, output: 1n }),
  ],
  [
    'anthropic, a split above its sum',
    'anthropic',
    { input_tokens: 1, cache_creation_input_tokens: 5, cache_creation: { ephemeral_1h_input_tokens: 9 }, output_tokens: 1 },
    usage({ input: 1n, cache_write_1h: 9n, output: 1n }),
  ],
  [
    'anthropic, thinking',
    'anthropic',
    { ...message, output_tokens_details: { thinking_tokens: 3 } },
    { ...read, output: 4n, reasoning: 3n },
  ],
  ['anthropic, more thinking than output', 'anthropic', { ...message, output_tokens_details: { thinking_tokens: 8 } }, null],
  ['anthropic, one pass', 'anthropic', { ...message, iterations: [{ type: 'message', input_tokens: 10, output_tokens: 7 }] }, read],
  ['anthropic, one pass that counts otherwise', 'anthropic', { ...message, iterations: [{ type: 'message', input_tokens: 5000 }] }, null],
  ['anthropic, no pass', 'anthropic', { ...message, iterations: [] }, read],
  ['anthropic, one pass beside the message', 'anthropic', { ...message, iterations: [{ type: 'compaction' }] }, null],
  ['anthropic, a pass of no kind', 'anthropic', { ...message, iterations: [null] }, null],
  ['anthropic, passes that are no list', 'anthropic', { ...message, iterations: {} }, null],
  [
    'anthropic, tools that did not run',
    'anthropic',
    { ...message, server_tool_use: { web_search_requests: 0, web_fetch_requests: null } },
    read,
  ],
  ['anthropic, tools that ran', 'anthropic', { ...message, server_tool_use: { web_search_requests: 0, web_fetch_requests: 1 } }, null],
  ['anthropic, an unknown tool that ran', 'anthropic', { ...message, server_tool_use: { new_requests: 1 } }, null],
  ['anthropic, a count of tools that is none', 'anthropic', { ...message, server_tool_use: { web_search_requests: '0' } }, null],
  ['anthropic, no output', 'anthropic', { input_tokens: 10 }, null],
  [
    'google, all members',
    'google',
    {
      promptTokenCount: 1000,
      cachedContentTokenCount: 600,
      candidatesTokenCount: 50,
      toolUsePromptTokenCount: 30,
      thoughtsTokenCount: 200,
      totalTokenCount: 1280,
    },
    usage({ input: 430n, cached_input: 600n, output: 50n, reasoning: 200n }),
  ],
  ['google, zeros left out', 'google', { promptTokenCount: 4, totalTokenCount: 4 }, usage({ input: 4n })],
  ['google, excess', 'google', { promptTokenCount: 4, candidatesTokenCount: 1, totalTokenCount: 9 }, usage({ input: 4n, output: 5n })],
  ['google, no total', 'google', { promptTokenCount: 4, candidatesTokenCount: 1 }, null],
  ['google, total below', 'google', { promptTokenCount: 4, candidatesTokenCount: 1, totalTokenCount: 4 }, null],
  [
    'google, embeddings',
    'google-embeddings',
    { promptTokenCount: 5, promptTokenDetails: [{ modality: 'TEXT', tokenCount: 5 }] },
    usage({ input: 5n }),
  ],
  ['google, embeddings with a total', 'google-embeddings', { promptTokenCount: 5, totalTokenCount: 7 }, usage({ input: 7n })],
  ['google, embeddings, total below', 'google-embeddings', { promptTokenCount: 5, totalTokenCount: 4 }, null],
  ['google, embeddings with other parts and no total', 'google-embeddings', { promptTokenCount: 5, thoughtsTokenCount: 1 }, null],
  ['google, embeddings without a prompt', 'google-embeddings', { promptTokenDetails: [] }, null],
];

describe('normaliseUsage', () => {
  it.each(TABLE)('%s', (_, dialect, raw, expected) => {
    expect(normaliseUsage(dialect, raw)).toEqual(expected);
  });

  it('takes anything without throwing, and never charges less than a count that it was told', () => {
    const value = fc.oneof(fc.nat(1000), fc.integer(), fc.double(), fc.string(), fc.constant(null), fc.constant(undefined));
    const names = [
      ...['prompt_tokens', 'completion_tokens', 'input_tokens', 'output_tokens', 'total_tokens'],
      ...['promptTokenCount', 'candidatesTokenCount', 'totalTokenCount', 'thoughtsTokenCount', 'cachedContentTokenCount'],
      ...['cache_read_input_tokens', 'cache_creation_input_tokens'],
    ];
    const raw = fc.record({
      ...Object.fromEntries(names.map((name) => [name, value])),
      prompt_tokens_details: fc.record({ cached_tokens: value }),
      completion_tokens_details: fc.record({ reasoning_tokens: value }),
    });
    fc.assert(
      fc.property(fc.constantFrom(...DIALECTS), raw, (dialect, given) => {
        const read = normaliseUsage(dialect, given);
        if (read === null) return;
        for (const count of Object.values(read)) expect(count).toBeGreaterThanOrEqual(0n);
        const counts = given as Record<string, unknown>;
        const total = dialect.startsWith('google') ? counts.totalTokenCount : dialect === 'anthropic' ? undefined : counts.total_tokens;
        if (typeof total === 'number') expect(usageTotal(read)).toBeGreaterThanOrEqual(BigInt(total));
      }),
    );
  });

  it('does not read inherited members', () => {
    expect(normaliseUsage('openai-chat', Object.create(chat))).toBeNull();
  });
});

describe('mergeUsage', () => {
  const counts = fc.bigInt(0n, 50n);
  const any = fc.record({
    input: counts,
    cached_input: counts,
    cache_write_5m: counts,
    cache_write_1h: counts,
    output: counts,
    reasoning: counts,
  });

  it('lets the later report hold', () => {
    expect(mergeUsage(usage({ input: 5n, output: 1n }), usage({ input: 5n, output: 9n }))).toEqual(usage({ input: 5n, output: 9n }));
    expect(mergeUsage(usage({ input: 5n }), usage({ cached_input: 5n }))).toEqual(usage({ cached_input: 5n }));
    expect(mergeUsage(null, ZERO_USAGE)).toEqual(ZERO_USAGE);
  });

  it('never shrinks, and repeats count once', () => {
    expect(mergeUsage(usage({ input: 5n, output: 9n }), usage({ input: 7n, output: 1n }))).toEqual(usage({ input: 7n, output: 9n }));
    fc.assert(
      fc.property(any, any, (a, b) => {
        const merged = mergeUsage(a, b);
        expect(usageTotal(merged)).toBeGreaterThanOrEqual(usageTotal(a));
        expect(usageTotal(merged)).toBeGreaterThanOrEqual(usageTotal(b));
        expect(mergeUsage(merged, b)).toEqual(merged);
        expect(mergeUsage(a, a)).toEqual(a);
      }),
    );
  });
});

describe('addUsage', () => {
  it('adds class by class', () => {
    const each = { input: 1n, cached_input: 2n, cache_write_5m: 3n, cache_write_1h: 4n, output: 5n, reasoning: 6n };
    expect(addUsage(each, { ...each, output: 50n })).toEqual({
      input: 2n,
      cached_input: 4n,
      cache_write_5m: 6n,
      cache_write_1h: 8n,
      output: 55n,
      reasoning: 12n,
    });
    expect(addUsage(each, ZERO_USAGE)).toEqual(each);
  });
});

describe('overlayAnthropicUsage', () => {
  const start = {
    input_tokens: 9,
    cache_read_input_tokens: 4,
    cache_creation_input_tokens: 5,
    cache_creation: { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 3 },
    output_tokens: 1,
  };
  const laid = (next: object) => normaliseUsage('anthropic', overlayAnthropicUsage(start, next as Record<string, unknown>));
  const whole = usage({ input: 9n, cached_input: 4n, cache_write_5m: 2n, cache_write_1h: 3n, output: 7n });

  it.each([
    ['what is left out or null is inherited', { output_tokens: 7, input_tokens: null }, whole],
    ['counts in both are counted once', { ...start, output_tokens: 7 }, whole],
    ['a zero is a zero', { output_tokens: 7, cache_read_input_tokens: 0 }, { ...whole, cached_input: 0n }],
    [
      'a split is laid over member by member',
      { output_tokens: 7, cache_creation: { ephemeral_5m_input_tokens: 1 } },
      { ...whole, cache_write_5m: 1n, cache_write_1h: 4n },
    ],
    ['an unreadable split stays so', { output_tokens: 7, cache_creation: 'x' }, null],
    ['an unreadable count stays so', { output_tokens: 7, input_tokens: -9 }, null],
    ['inherited members are not read', Object.create({ output_tokens: 7 }), { ...whole, output: 1n }],
  ])('%s', (_, next, expected) => {
    expect(laid(next)).toEqual(expected);
  });

  it('keeps nothing that is not counted', () => {
    const kept = overlayAnthropicUsage({ a: 1 }, { b: 2, cache_creation: { c: 3 }, input_tokens: 1 });
    expect(JSON.parse(JSON.stringify(kept))).toEqual({ input_tokens: 1, cache_creation: {} });
  });

  it('changes nothing where one report is laid over itself, and reads as the later one where that is whole', () => {
    const report = fc.record({
      input_tokens: fc.nat(50),
      output_tokens: fc.nat(50),
      cache_read_input_tokens: fc.nat(50),
      cache_creation_input_tokens: fc.nat(50),
      cache_creation: fc.record({ ephemeral_5m_input_tokens: fc.nat(50), ephemeral_1h_input_tokens: fc.nat(50) }),
    });
    fc.assert(
      fc.property(report, report, (a, b) => {
        const once = overlayAnthropicUsage({}, a);
        expect(overlayAnthropicUsage(once, a)).toEqual(once);
        expect(normaliseUsage('anthropic', overlayAnthropicUsage(once, b))).toEqual(normaliseUsage('anthropic', b));
      }),
    );
  });
});
