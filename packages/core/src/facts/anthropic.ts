import { factsFrom, type TokenPrices, tokenPrices } from './build.ts';
import type { ModelFacts } from './types.ts';

/**
 * Anthropic's public models, from its public documentation. What has been shut down, and previews, are left out.
 *
 * Prompt and answer, thinking included, always share the window: a longer prompt is refused, and an answer stops at the window's end.
 * The tokenizer is not public, so only the window or the provider's own count bounds a call; both cover images, so no price of an image
 * is given. (The documented most, 1,568 or 4,784 tokens by model, is exceeded a little in a published series of measurements.)
 *
 * Prices are those of the standard tier without a region. Where they differ by the prompt's length, the dearest.
 */
const READ_ON = '2026-11-21';

const DOCS = 'https://platform.claude.com/docs/en';
const WINDOWS = `${DOCS}/build-with-claude/context-windows`;
const COUNTING = `${DOCS}/build-with-claude/token-counting`;
const PRICING = `${DOCS}/about-claude/pricing`;

type Limits = { readonly window: bigint; readonly maxOutput: bigint };
/** The million is these models' own window: it needs no beta header, and has no price of its own. */
const MILLION: Limits = { window: 1_000_000n, maxOutput: 128_000n };
const SMALLER: Limits = { window: 200_000n, maxOutput: 64_000n };

type Row = {
  readonly id: string;
  /** Dated names of the same model: one that is not named here is unknown. */
  readonly snapshots?: readonly string[];
  readonly limits: Limits;
  readonly prices: TokenPrices;
  /** Where its prices stand, if not on the page of prices alone. */
  readonly pricesFrom?: string;
};

/**
 * USD per million tokens × 10^6. Writes to the cache cost 5/4 and 2 times the input on every model.
 * @param cached undefined where no page names it: then it costs what input costs.
 */
function prices(input: bigint, cached: bigint | undefined, output: bigint): TokenPrices {
  const writes = { cacheWrite5m: (input * 5n) / 4n, cacheWrite1h: input * 2n };
  return { input, ...(cached === undefined ? {} : { cached }), ...writes, output };
}

const OPUS = prices(5_000_000n, 500_000n, 25_000_000n);
const SONNET = prices(3_000_000n, 300_000n, 15_000_000n);
const FABLE_5 = prices(10_000_000n, 1_000_000n, 50_000_000n);
const FABLE_5_1 = prices(10_000_000n, 250_000n, 50_000_000n);
const RELEASES = `${DOCS}/release-notes/overview`;

const MODELS: readonly Row[] = [
  {
    id: 'claude-fable-5-2',
    limits: MILLION,
    prices: prices(8_000_000n, 200_000n, 40_000_000n),
    pricesFrom: `${RELEASES} and, for cached input, as cited by https://github.com/archid21/rightsize/releases/tag/v0.10.2`,
  },
  { id: 'claude-mythos-5-2', limits: MILLION, prices: prices(8_000_000n, undefined, 40_000_000n), pricesFrom: RELEASES },
  { id: 'claude-fable-5-1', limits: MILLION, prices: FABLE_5_1 },
  { id: 'claude-mythos-5-1', limits: MILLION, prices: FABLE_5_1 },
  { id: 'claude-fable-5', limits: MILLION, prices: FABLE_5 },
  { id: 'claude-mythos-5', limits: MILLION, prices: FABLE_5 },
  { id: 'claude-opus-5-5', limits: MILLION, prices: prices(4_000_000n, 200_000n, 20_000_000n) },
  { id: 'claude-opus-5', limits: MILLION, prices: OPUS },
  { id: 'claude-opus-4-8', limits: MILLION, prices: OPUS },
  { id: 'claude-opus-4-7', limits: MILLION, prices: OPUS },
  { id: 'claude-opus-4-6', limits: MILLION, prices: OPUS },
  { id: 'claude-opus-4-5', snapshots: ['claude-opus-4-5-20251101'], limits: SMALLER, prices: OPUS },
  { id: 'claude-sonnet-5-5', limits: MILLION, prices: prices(2_000_000n, 100_000n, 10_000_000n) },
  { id: 'claude-sonnet-5', limits: MILLION, prices: prices(2_000_000n, 200_000n, 10_000_000n) },
  { id: 'claude-sonnet-4-6', limits: MILLION, prices: SONNET },
  { id: 'claude-sonnet-4-5', snapshots: ['claude-sonnet-4-5-20250929'], limits: SMALLER, prices: SONNET },
  // Prompts of more than 100,000 tokens; shorter ones cost a fifth as input.
  { id: 'claude-haiku-5-5', limits: MILLION, prices: prices(500_000n, 50_000n, 2_500_000n) },
  {
    id: 'claude-haiku-4-5',
    snapshots: ['claude-haiku-4-5-20251001'],
    limits: SMALLER,
    prices: prices(1_000_000n, 100_000n, 5_000_000n),
  },
];

function from(source: string) {
  return factsFrom({ source, date: READ_ON, grade: 'documented' });
}

function model({ id, limits, prices: each, pricesFrom }: Row, name: string): ModelFacts {
  const page = `${DOCS}/models/${id.replace('claude-', '')}/overview`;
  return {
    id: name,
    endpoints: ['messages'],
    window: from(`${page} and ${WINDOWS}`)(limits.window),
    maxOutput: from(page)(limits.maxOutput),
    tokenizer: from(COUNTING)('unknown'),
    countable: from(COUNTING)(true),
    prices: from(pricesFrom === undefined ? PRICING : `${PRICING} and ${pricesFrom}`)(tokenPrices(each)),
  };
}

export const ANTHROPIC_FACTS: readonly ModelFacts[] = MODELS.flatMap((row) =>
  [row.id, ...(row.snapshots ?? [])].map((name) => model(row, name)),
);
