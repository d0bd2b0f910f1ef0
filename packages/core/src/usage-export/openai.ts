import { z } from 'zod';
import { checkKey, type Page, shaped, tiled } from './buckets.ts';
import { type ExportScope, exportJson, exportTotal, refuse } from './refuse.ts';

const tokens = z.int().min(0);
/** Parts of `input_tokens` or `output_tokens`: read so that a new count is not overlooked, and counted there already. */
const part = tokens.nullish();
const group = z.string().nullish();
const groups = { project_id: group, user_id: group, api_key_id: group, model: group };

// Source: OpenAI API reference, "Usage", as of the types in its SDK 7.55: `input_tokens` includes cached and cache-write tokens.
const completions = z.strictObject({
  object: z.literal('organization.usage.completions.result'),
  input_tokens: tokens,
  output_tokens: tokens,
  num_model_requests: tokens,
  ...groups,
  api_source: group,
  batch: z.boolean().nullish(),
  service_tier: group,
  input_audio_tokens: part,
  input_cache_write_12h_tokens: part,
  input_cache_write_30m_tokens: part,
  input_cache_write_tokens: part,
  input_cached_audio_tokens: part,
  input_cached_image_tokens: part,
  input_cached_text_tokens: part,
  input_cached_tokens: part,
  input_image_tokens: part,
  input_text_tokens: part,
  input_uncached_tokens: part,
  output_audio_tokens: part,
  output_image_tokens: part,
  output_text_tokens: part,
});

const embeddings = z.strictObject({
  object: z.literal('organization.usage.embeddings.result'),
  input_tokens: tokens,
  num_model_requests: tokens,
  ...groups,
});

const pagesOf = <R extends z.ZodType>(result: R) =>
  z.array(
    z.strictObject({
      object: z.literal('page'),
      data: z.array(
        z.strictObject({ object: z.literal('bucket'), start_time: z.int().min(0), end_time: z.int().min(0), results: z.array(result) }),
      ),
      has_more: z.boolean(),
      next_page: z.string().nullable(),
    }),
  );

const schema = z.strictObject({ completions: pagesOf(completions), embeddings: pagesOf(embeddings) });

/**
 * `{"completions":[page, …],"embeddings":[page, …]}`: the answers of `GET /v1/organization/usage/completions` and `…/embeddings` with
 * `group_by=api_key_id`. Both, since one key can do both, and what is missing from a total would be given back.
 */
export function openaiTotal(text: string, scope: ExportScope): bigint {
  const json = exportJson(text);
  if (text.includes('"organization.costs.result"')) refuse('costs are money, not tokens: give the usage of completions and embeddings');
  const report = shaped(schema, json);
  const chat = tiled(report.completions.map(pageOf), scope, 'completions');
  const vectors = tiled(report.embeddings.map(pageOf), scope, 'embeddings');
  for (const { api_key_id } of [...chat, ...vectors]) checkKey(api_key_id, scope);
  return exportTotal([...chat, ...vectors].map((row) => BigInt(row.input_tokens) + BigInt('output_tokens' in row ? row.output_tokens : 0)));
}

type Raw<R> = {
  readonly data: readonly { readonly start_time: number; readonly end_time: number; readonly results: readonly R[] }[];
  readonly has_more: boolean;
};

function pageOf<R>({ data, has_more }: Raw<R>): Page<R> {
  return {
    buckets: data.map(({ start_time, end_time, results }) => ({ from: start_time * 1000, to: end_time * 1000, results })),
    hasMore: has_more,
  };
}
