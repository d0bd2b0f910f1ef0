import * as z from 'zod';
import { embeds } from '../bounds/bounds.ts';
import { DECLARED_CALL_FRAME_TOKENS } from '../bounds/limits.ts';
import { TallyError } from '../errors.ts';
import { AMOUNT_MAX } from '../units.ts';
import { factsFrom, tokenPrices } from './build.ts';
import { ENDPOINTS, type ModelFacts } from './types.ts';

/** A model that anybody could have meant to declare has at most this window: 2^40 tokens. */
const TOKENS_MAX = 2 ** 40;
const MODELS_MAX = 1000;

const tokens = z.int().min(1).max(TOKENS_MAX);
/** Credit base units per 1,000,000 tokens, as a decimal string (or a small whole number). */
const price = z
  .union([z.string().regex(/^(0|[1-9][0-9]{0,18})$/, 'must be a decimal string of whole base units'), z.int().min(0)])
  .transform((value) => BigInt(value))
  .refine((value) => value <= AMOUNT_MAX, 'is too large');

const declared = z
  .strictObject({
    window: tokens,
    maxOutput: z.int().min(0).max(TOKENS_MAX).default(0),
    tokenizer: z.enum(['byte_bpe', 'unknown']).default('unknown'),
    callFrame: z.int().min(0).max(TOKENS_MAX).default(Number(DECLARED_CALL_FRAME_TOKENS)),
    countable: z.boolean().optional(),
    endpoints: z.array(z.enum(ENDPOINTS)).min(1),
    prices: z.strictObject({ input: price, cached_input: price.optional(), output: price }).optional(),
  })
  .refine((model) => model.maxOutput <= model.window || model.endpoints.every(embeds), {
    path: ['maxOutput'],
    message: 'must not be larger than the window',
  })
  .refine((model) => model.maxOutput > 0 || model.endpoints.every(embeds), {
    path: ['maxOutput'],
    message: 'must be at least 1 for a model that generates',
  })
  .refine((model) => new Set(model.endpoints).size === model.endpoints.length, { path: ['endpoints'], message: 'names one twice' });

/**
 * What an operator declares about the models of a source that the built-in facts do not know:
 * `{ "llama3.2": { "window": 8192, "maxOutput": 4096, "tokenizer": "byte_bpe", "endpoints": ["chat"],
 *    "prices": { "input": "2500000", "cached_input": "1250000", "output": "10000000" } } }`.
 * Windows in tokens; prices in credit base units per 1,000,000 tokens. `tokenizer` defaults to `unknown`, which leaves the window proof.
 * `callFrame`: the most that the server's chat template adds to a call by itself, tokens (1,024 unless given). `countable`: its count
 * endpoint costs nothing.
 */
export const declaredFactsSchema = z.record(z.string().min(1).max(256), declared);

/**
 * @param json the parsed JSON. @returns facts of grade `declared`, by model name.
 * @throws TallyError INPUT_INVALID naming the field.
 */
export function parseDeclaredFacts(json: unknown): ReadonlyMap<string, ModelFacts> {
  const parsed = declaredFactsSchema.safeParse(json);
  if (!parsed.success) throw invalid(parsed.error.issues[0]);
  const models = Object.entries(parsed.data);
  if (models.length > MODELS_MAX) throw new TallyError('INPUT_INVALID', `At most ${MODELS_MAX} models can be declared.`);
  return new Map(models.map(([id, model]) => [id, toFacts(id, model)]));
}

function toFacts(id: string, model: z.infer<typeof declared>): ModelFacts {
  const fact = factsFrom({ source: 'Declared by the operator of the source.', date: '', grade: 'declared' });
  const { prices } = model;
  return {
    id,
    endpoints: model.endpoints,
    window: fact(BigInt(model.window)),
    maxOutput: fact(BigInt(model.maxOutput)),
    tokenizer: fact(model.tokenizer),
    callFrame: fact(BigInt(model.callFrame)),
    ...(model.countable === undefined ? {} : { countable: fact(model.countable) }),
    ...(prices === undefined ? {} : { prices: fact(pricesOf(prices)) }),
  };
}

function pricesOf(prices: { input: bigint; cached_input?: bigint | undefined; output: bigint }) {
  const { input, cached_input: cached, output } = prices;
  return tokenPrices(cached === undefined ? { input, output } : { input, cached, output });
}

function invalid(issue: z.core.$ZodIssue | undefined): TallyError {
  const where = issue?.path.map(String).join('.') || 'the whole';
  const field = where.slice(0, 128);
  return new TallyError('INPUT_INVALID', `Model facts, ${field}: ${(issue?.message ?? 'not valid').slice(0, 256)}.`, { field });
}
