import { factsFrom, type TokenPrices, tokenPrices } from './build.ts';
import type { Endpoint, Fact, ModelFacts, Tokenizer } from './types.ts';

/**
 * Google's Gemini models on the Gemini API, from its public documentation. Left out: what has been shut down, what is answered by another
 * model under its old name or soon will be (2.5 Pro and Flash, 3.5 Flash, 3.7 Flash), names that move (`-latest`), and models that make
 * images or speech.
 *
 * Prices are those of the standard tier, and the dearest of what the page tells apart: the length of the prompt, what the input is (text,
 * images, sound), and prices that have been announced for a later day.
 */
const READ_ON = '2026-11-21';

const DOCS = 'https://ai.google.dev/gemini-api/docs';
const PRICING = `${DOCS}/pricing`;
const PRICES_CITED = 'https://github.com/anomalyco/models.dev/tree/dev/providers/google/models';
const PRICES_READ = 'https://github.com/api-evangelist/deepmind/blob/main/plans/deepmind-plans-pricing.yml';
const CLOUD = 'https://docs.cloud.google.com';

type Row = {
  readonly id: string;
  /** Where its limits stand. */
  readonly page: string;
  /** One window for prompt and answer together; else input and output have limits of their own. */
  readonly isUnified?: boolean;
  readonly hasGemmaTokenizer?: boolean;
  readonly hasImageLevels?: boolean;
  readonly prices: TokenPrices;
  readonly pricesCitedBy: string;
};

const UNIFIED = `${DOCS}/generate-content/latest-model and ${CLOUD}/gemini-enterprise-agent-platform/models/start/get-started-with-gemini-4`;
/** From 2026-12-01. */
const GEMINI_4: TokenPrices = { input: 4_000_000n, cached: 200_000n, output: 20_000_000n };
const GEMINI_4_CITED = 'https://github.com/BerriAI/litellm/discussions/46238';
/** From 2027-01-01. */
const FLASH: TokenPrices = { input: 1_500_000n, cached: 150_000n, output: 7_500_000n };

const GENERATIVE: readonly Row[] = [
  { id: 'gemini-4-argon', page: UNIFIED, isUnified: true, prices: GEMINI_4, pricesCitedBy: GEMINI_4_CITED },
  {
    id: 'gemini-4-carbon',
    page: `${UNIFIED}, as cited by https://docs.apiyi.com/models/gemini-4-carbon.md`,
    isUnified: true,
    prices: GEMINI_4,
    pricesCitedBy: GEMINI_4_CITED,
  },
  {
    id: 'gemini-3.8-flash',
    page: `${DOCS}/models/gemini-3.8-flash, as cited by https://docs.apiyi.com/en/live/2026-09/gemini-3-8-flash-official-specs.md`,
    hasImageLevels: true,
    prices: FLASH,
    pricesCitedBy: PRICES_READ,
  },
  { id: 'gemini-3.6-flash', page: `${DOCS}/latest-model`, hasImageLevels: true, prices: FLASH, pricesCitedBy: PRICES_CITED },
  {
    id: 'gemini-3.5-flash-lite',
    page: `${DOCS}/latest-model`,
    hasImageLevels: true,
    prices: { input: 300_000n, cached: 30_000n, output: 2_500_000n },
    pricesCitedBy: `${PRICES_READ} and, for cached input, https://github.com/simstudioai/sim/pull/5812`,
  },
  {
    id: 'gemini-3.1-pro-preview',
    page: `${DOCS}/models/gemini-3.1-pro-preview.md.txt`,
    hasGemmaTokenizer: true,
    hasImageLevels: true,
    // Prompts of more than 200,000 tokens; shorter ones cost half as input.
    prices: { input: 4_000_000n, cached: 400_000n, output: 18_000_000n },
    pricesCitedBy: `${PRICES_READ} and ${PRICES_CITED}`,
  },
  {
    id: 'gemini-3.1-flash-lite',
    page: `${DOCS}/models/gemini-3.1-flash-lite, as cited by https://docs.apiyi.com/models/gemini-3-1-flash-lite.md`,
    hasGemmaTokenizer: true,
    hasImageLevels: true,
    // Sound; anything else costs half as input.
    prices: { input: 500_000n, cached: 50_000n, output: 1_500_000n },
    pricesCitedBy: PRICES_CITED,
  },
  {
    id: 'gemini-3-flash-preview',
    page: `${CLOUD}/vertex-ai/generative-ai/docs/models/gemini/3-flash`,
    hasGemmaTokenizer: true,
    hasImageLevels: true,
    // Sound; anything else costs half as input.
    prices: { input: 1_000_000n, cached: 100_000n, output: 3_000_000n },
    pricesCitedBy: PRICES_CITED,
  },
  {
    id: 'gemini-2.5-flash-lite',
    page: `${CLOUD}/vertex-ai/generative-ai/docs/models/gemini/2-5-flash-lite`,
    hasGemmaTokenizer: true,
    // Sound; anything else costs a third as input.
    prices: { input: 300_000n, cached: 30_000n, output: 400_000n },
    pricesCitedBy: PRICES_CITED,
  },
];

const INPUT_LIMIT = 1_048_576n;
const OUTPUT_LIMIT = 65_536n;

const LEVELS = `${DOCS}/media-resolution`;
/** The highest level that a request can ask for one image (`MEDIA_RESOLUTION_ULTRA_HIGH`), tokens; the default is half. */
const IMAGE_TOKENS = 2_240n;

/** Google's own SDK counts tokens of these models with the public Gemma vocabularies: SentencePiece with byte fallback. */
const VOCABULARIES = 'https://github.com/googleapis/python-genai/blob/main/google/genai/_local_tokenizer_loader.py';

function from(source: string) {
  return factsFrom({ source, date: READ_ON, grade: 'documented' });
}

/** A page does not say it, and reports of trials differ; so `canary`: a choice is bounded by what the model can emit. */
const COVERS_THOUGHTS: Fact<boolean> = {
  value: true,
  source: 'https://github.com/googleapis/python-genai/issues/2062 and https://github.com/googleapis/python-genai/issues/782',
  date: READ_ON,
  grade: 'canary',
};

const COUNTED = from(`${DOCS}/billing`)(true);

function generative(row: Row): ModelFacts {
  const page = from(row.page);
  const tokenizer: Tokenizer = row.hasGemmaTokenizer === true ? 'byte_bpe' : 'unknown';
  const limits =
    row.isUnified === true ? { window: page(INPUT_LIMIT) } : { window: page(INPUT_LIMIT + OUTPUT_LIMIT), inputLimit: page(INPUT_LIMIT) };
  return {
    id: row.id,
    endpoints: ['generate'],
    ...limits,
    maxOutput: page(OUTPUT_LIMIT),
    tokenizer: from(VOCABULARIES)(tokenizer),
    limitCoversReasoning: COVERS_THOUGHTS,
    ...(row.hasImageLevels === true ? { imageTokens: from(LEVELS)(IMAGE_TOKENS) } : {}),
    countable: COUNTED,
    prices: from(`${PRICING}, as cited by ${row.pricesCitedBy}`)(tokenPrices(row.prices)),
  };
}

type Embedding = { readonly id: string; readonly perText: bigint; readonly price: bigint; readonly source: string };

/** Text only: what else the second model takes has other prices. */
const EMBEDDINGS: readonly Embedding[] = [
  {
    id: 'gemini-embedding-001',
    perText: 2_048n,
    price: 150_000n,
    source:
      'https://developers.googleblog.com/en/gemini-embedding-available-gemini-api/, as cited by https://github.com/simonw/llm-gemini/issues/102',
  },
  {
    id: 'gemini-embedding-2',
    perText: 8_192n,
    price: 200_000n,
    source: `${DOCS}/embeddings, as cited by https://zilliz.com/ai-models/gemini-embedding-2 and ${PRICES_READ}`,
  },
];

/**
 * A text beyond the limit is cut without a word, and no page says that what is cut off is not billed. So the limit is no proof of what a
 * call can cost (`canary`), and until a page says so these models are bounded by a count alone, where the key's giver has agreed to that.
 */
function embedding({ id, perText, price, source }: Embedding): ModelFacts {
  const endpoints: readonly Endpoint[] = ['embed'];
  return {
    id,
    endpoints,
    window: { value: perText, source, date: READ_ON, grade: 'canary' },
    maxOutput: from(source)(0n),
    tokenizer: from(VOCABULARIES)('unknown'),
    countable: COUNTED,
    prices: from(source)(tokenPrices({ input: price, output: 0n })),
  };
}

export const GOOGLE_FACTS: readonly ModelFacts[] = [...GENERATIVE.map(generative), ...EMBEDDINGS.map(embedding)];
