import { z } from 'zod';
import { checkKey, shaped, tiled } from './buckets.ts';
import { exportTime } from './export-time.ts';
import { type ExportScope, exportJson, exportTotal } from './refuse.ts';

const tokens = z.int().min(0);
const group = z.string().nullish();

// Source: https://platform.claude.com/docs/en/api/admin/usage_report/retrieve_messages
const result = z.strictObject({
  uncached_input_tokens: tokens,
  cache_creation: z.strictObject({ ephemeral_1h_input_tokens: tokens, ephemeral_5m_input_tokens: tokens }),
  cache_read_input_tokens: tokens,
  output_tokens: tokens,
  // Counted in requests and billed beside the tokens, which stand above.
  server_tool_use: z.strictObject({ web_search_requests: tokens }).nullish(),
  api_key_id: group,
  workspace_id: group,
  model: group,
  service_tier: group,
  context_window: group,
  inference_geo: group,
  speed: group,
  account_id: group,
  service_account_id: group,
});

const page = z.strictObject({
  data: z.array(z.strictObject({ starting_at: z.string(), ending_at: z.string(), results: z.array(result) })),
  has_more: z.boolean(),
  next_page: z.string().nullable(),
});

/** One answer of `GET /v1/organizations/usage_report/messages` with `group_by[]=api_key_id`, or a list of its pages in their order. */
export function anthropicTotal(text: string, scope: ExportScope): bigint {
  const json = exportJson(text);
  const pages = Array.isArray(json) ? shaped(z.array(page), json) : [shaped(page, json)];
  const results = tiled(
    pages.map(({ data, has_more }) => ({
      buckets: data.map(({ starting_at, ending_at, results: rows }) => ({
        from: exportTime(starting_at, 'starting_at'),
        to: exportTime(ending_at, 'ending_at'),
        results: rows,
      })),
      hasMore: has_more,
    })),
    scope,
    'messages',
  );
  for (const { api_key_id } of results) checkKey(api_key_id, scope);
  return exportTotal(results.map(tokensOf));
}

function tokensOf(row: z.output<typeof result>): bigint {
  const { ephemeral_1h_input_tokens: long, ephemeral_5m_input_tokens: short } = row.cache_creation;
  return [row.uncached_input_tokens, long, short, row.cache_read_input_tokens, row.output_tokens].reduce((sum, n) => sum + BigInt(n), 0n);
}
