import { factsFrom, type TokenPrices, tokenPrices } from './build.ts';
import { imagesOf } from './openai-images.ts';
import type { Endpoint, Fact, ModelFacts, Tokenizer } from './types.ts';

/**
 * OpenAI's public models, from its public documentation: one page per model (window, output limit, prices, snapshots).
 * What is not documented, and what has been shut down, is left out: an absent model is refused before anything is held.
 * Prices are those of the standard service tier.
 */
const READ_ON = '2026-11-21';

type Row = {
  readonly id: string;
  /** Dated snapshots with the same facts, listed one by one: a snapshot that is not named here is unknown. */
  readonly snapshots: readonly string[];
  readonly window: bigint;
  readonly maxOutput: bigint;
  readonly prices: TokenPrices;
  /** Where the model's page was not read itself: who repeats its figures. */
  readonly citedBy?: string;
};

const PRICES_CITED = 'https://github.com/outl1ne/openai-pricing';

const GENERATIVE: readonly Row[] = [
  {
    id: 'gpt-4o',
    snapshots: ['gpt-4o-2024-08-06', 'gpt-4o-2024-11-20'],
    window: 128_000n,
    maxOutput: 16_384n,
    prices: { input: 2_500_000n, cached: 1_250_000n, output: 10_000_000n },
    citedBy: `https://vercel.com/ai-gateway/models/gpt-4o.md and ${PRICES_CITED}`,
  },
  {
    id: 'gpt-4o-mini',
    snapshots: ['gpt-4o-mini-2024-07-18'],
    window: 128_000n,
    maxOutput: 16_384n,
    prices: { input: 150_000n, cached: 75_000n, output: 600_000n },
    citedBy: `https://vercel.com/ai-gateway/models/gpt-4o-mini-fast.md and ${PRICES_CITED}`,
  },
  {
    id: 'gpt-4.1',
    snapshots: ['gpt-4.1-2025-04-14'],
    window: 1_047_576n,
    maxOutput: 32_768n,
    prices: { input: 2_000_000n, cached: 500_000n, output: 8_000_000n },
    citedBy: `https://vercel.com/ai-gateway/models/gpt-4.1-fast.md and ${PRICES_CITED}`,
  },
  {
    id: 'gpt-4.1-mini',
    snapshots: ['gpt-4.1-mini-2025-04-14'],
    window: 1_047_576n,
    maxOutput: 32_768n,
    prices: { input: 400_000n, cached: 100_000n, output: 1_600_000n },
    citedBy: `https://vercel.com/ai-gateway/models/gpt-4.1-mini-fast.md and ${PRICES_CITED}`,
  },
  {
    id: 'o3',
    snapshots: ['o3-2025-04-16'],
    window: 200_000n,
    maxOutput: 100_000n,
    prices: { input: 2_000_000n, cached: 500_000n, output: 8_000_000n },
    citedBy: 'https://unpkg.com/@lobehub/chat@1.94.11/src/config/aiModels/openai.ts',
  },
  {
    id: 'o4-mini',
    snapshots: ['o4-mini-2025-04-16'],
    window: 200_000n,
    maxOutput: 100_000n,
    prices: { input: 1_100_000n, cached: 275_000n, output: 4_400_000n },
    citedBy: 'https://www.helicone.ai/model/o4-mini',
  },
  {
    id: 'gpt-5',
    snapshots: ['gpt-5-2025-08-07'],
    window: 400_000n,
    maxOutput: 128_000n,
    prices: { input: 1_250_000n, cached: 125_000n, output: 10_000_000n },
    citedBy: `https://vercel.com/ai-gateway/models/gpt-5-fast.md and ${PRICES_CITED}`,
  },
  {
    id: 'gpt-5-mini',
    snapshots: ['gpt-5-mini-2025-08-07'],
    window: 400_000n,
    maxOutput: 128_000n,
    prices: { input: 250_000n, cached: 25_000n, output: 2_000_000n },
  },
  {
    id: 'gpt-5-nano',
    snapshots: ['gpt-5-nano-2025-08-07'],
    window: 400_000n,
    maxOutput: 128_000n,
    prices: { input: 50_000n, cached: 5_000n, output: 400_000n },
  },
  {
    id: 'gpt-5.1',
    snapshots: ['gpt-5.1-2025-11-13'],
    window: 400_000n,
    maxOutput: 128_000n,
    prices: { input: 1_250_000n, cached: 125_000n, output: 10_000_000n },
  },
];

/** USD per million tokens × 10^6. All three take 8,192 tokens per input. */
const EMBEDDING_PRICES: Readonly<Record<string, bigint>> = {
  'text-embedding-3-small': 20_000n,
  'text-embedding-3-large': 130_000n,
  'text-embedding-ada-002': 100_000n,
};

/** The provider's own list of which model uses which public vocabulary; all of them are byte-level BPE. */
const VOCABULARIES = 'https://github.com/openai/tiktoken/blob/main/tiktoken/model.py';
/** Models that are not on that list: only their window bounds them. */
const NOT_LISTED: ReadonlySet<string> = new Set(['gpt-5.1']);

function tokenizerOf(id: string): Fact<Tokenizer> {
  const value: Tokenizer = NOT_LISTED.has(id) ? 'unknown' : 'byte_bpe';
  return { value, source: VOCABULARIES, date: READ_ON, grade: 'documented' };
}

function modelPage(id: string, citedBy?: string) {
  const page = `https://developers.openai.com/api/docs/models/${id}`;
  return factsFrom({ source: citedBy === undefined ? page : `${page}, as cited by ${citedBy}`, date: READ_ON, grade: 'documented' });
}

function generative({ id, window, maxOutput, prices, citedBy }: Row, name: string): ModelFacts {
  const page = modelPage(id, citedBy);
  const endpoints: readonly Endpoint[] = ['chat', 'responses'];
  return {
    id: name,
    endpoints,
    window: page(window),
    maxOutput: page(maxOutput),
    tokenizer: tokenizerOf(id),
    ...imagesOf(id),
    prices: page(tokenPrices(prices)),
  };
}

function embedding(id: string, price: bigint): ModelFacts {
  const page = modelPage(id, 'https://docs.praison.ai/docs/embeddings/providers/openai');
  const guide = factsFrom({
    source: 'https://developers.openai.com/api/docs/guides/embeddings, as cited by https://developers.llamaindex.ai/typescript',
    date: READ_ON,
    grade: 'documented',
  });
  return {
    id,
    endpoints: ['embeddings'],
    window: guide(8192n),
    maxOutput: guide(0n),
    tokenizer: tokenizerOf(id),
    prices: page(tokenPrices({ input: price, output: 0n })),
  };
}

export const OPENAI_FACTS: readonly ModelFacts[] = [
  ...GENERATIVE.flatMap((row) => [row.id, ...row.snapshots].map((name) => generative(row, name))),
  ...Object.entries(EMBEDDING_PRICES).map(([id, price]) => embedding(id, price)),
];
