import type { z } from 'zod';
import { exportTimeText } from './export-time.ts';
import { type ExportScope, refuse } from './refuse.ts';

/** Time between which a provider has counted; `to` is not part of it. Unix ms. */
export type Bucket<R> = { readonly from: number; readonly to: number; readonly results: readonly R[] };
export type Page<R> = { readonly buckets: readonly Bucket<R>[]; readonly hasMore: boolean };

/**
 * The buckets of all pages, which must cover the interval exactly: from its first moment to its last, one after the other. So a page that
 * is missing, given twice or in another order, and a bucket across an edge, are seen.
 */
export function tiled<R>(pages: readonly Page<R>[], { from, to }: ExportScope, name: string): readonly R[] {
  let at = from;
  for (const [index, page] of pages.entries()) {
    if (page.hasMore !== index < pages.length - 1) refuse(`${name}: page ${index + 1} is not followed by the one that it announces`);
    for (const bucket of page.buckets) {
      if (bucket.from !== at || bucket.to <= bucket.from || bucket.to > to) {
        refuse(`${name}: the buckets do not cover the interval one after the other, without gap or overlap, at ${exportTimeText(at)}`);
      }
      at = bucket.to;
    }
  }
  if (at !== to) refuse(`${name}: the buckets end at ${exportTimeText(at)}, the interval at ${exportTimeText(to)}`);
  return pages.flatMap(({ buckets }) => buckets.flatMap(({ results }) => results));
}

/** Every result must be of the one key: also where the report was asked for one key alone, it says so only when it is grouped by key. */
export function checkKey(found: string | null | undefined, { keyRef }: ExportScope): void {
  if (found === undefined || found === null) refuse('a result names no key: ask for it grouped by api_key_id');
  if (found !== keyRef) refuse('a result is of another key');
}

/** @returns what the schema makes of it. Unknown members are refused: one could be a count that is left out. */
export function shaped<T extends z.ZodType>(schema: T, json: unknown): z.output<T> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue?.path.join('.') || 'its top';
  return refuse(`at ${place.slice(0, 100)}: ${(issue?.message ?? 'not of the documented shape').slice(0, 200)}`);
}
