import { factsFrom, tokenPrices } from './build.ts';
import type { Endpoint, ModelFacts } from './types.ts';

/**
 * The sandbox's models: its own code is the source, and a test compares the two tables, so the grade is `proved`. Its prices are 0.
 * The badly behaved ones are listed with the limits that they break: showing what then happens is what they are for.
 */
const fact = factsFrom({ source: 'packages/sandbox/src/models.ts', date: '2026-11-21', grade: 'proved' });

const TEXT: readonly Endpoint[] = ['chat', 'responses', 'messages', 'generate'];
/** What the sandbox bills for an image, whatever its size, tokens. */
const IMAGE_TOKENS = 256n;

type Limits = { readonly window: bigint; readonly maxOutput: bigint };
const SMALL: Limits = { window: 8_192n, maxOutput: 2_048n };
const LARGE: Limits = { window: 131_072n, maxOutput: 16_384n };

function model(id: string, { window, maxOutput }: Limits, endpoints = TEXT): ModelFacts {
  return {
    id,
    endpoints,
    window: fact(window),
    maxOutput: fact(maxOutput),
    tokenizer: fact('byte_bpe'),
    imageTokens: fact(IMAGE_TOKENS),
    countable: fact(true),
    prices: fact(tokenPrices({ input: 0n, output: 0n })),
  };
}

/** A model whose tokenizer nobody outside knows, like Claude’s: only its window or the provider’s own count bounds it. */
function closed(id: string): ModelFacts {
  return { ...model(id, { window: 200_000n, maxOutput: 8_192n }), tokenizer: fact('unknown') };
}

function fixed(id: string, cost: bigint): ModelFacts {
  return { ...model(id, SMALL), fixedCost: fact(cost) };
}

const MISBEHAVING = [
  'cut',
  'reset',
  'hang',
  'stall',
  'lie-low',
  'lie-zero',
  'no-usage',
  'bad-usage',
  'refuse',
  'refuse-rate',
  'refuse-auth',
  'error',
  'overrun',
  'endless',
  'twice',
  'garbage',
  'html',
  'huge',
  'redirect',
];

export const SANDBOX_FACTS: readonly ModelFacts[] = [
  model('sandbox-small', SMALL),
  model('sandbox-large', LARGE),
  model('sandbox-reasoning', LARGE),
  model('sandbox-cached', LARGE),
  model('sandbox-long', LARGE),
  model('sandbox-embed', { window: 8_192n, maxOutput: 0n }, ['embeddings', 'embed']),
  fixed('sandbox-fixed-5', 5n),
  fixed('sandbox-fixed-100', 100n),
  model('sandbox-slow', SMALL),
  model('sandbox-slow-bytes', SMALL),
  closed('sandbox-closed'),
  closed('sandbox-undercount'),
  ...MISBEHAVING.map((behaviour) => model(`sandbox-${behaviour}`, SMALL)),
];
