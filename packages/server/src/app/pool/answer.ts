import { type ErrorCode, TallyError } from '@tallystick/core';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Log } from '#ground/log';

/** The pool's own form of a refusal: what, why, what to do, and the facts. */
export function poolError(log: Log, c: Context, error: unknown): Response {
  const shown = error instanceof TallyError ? error : new TallyError('INTERNAL', undefined, {}, { cause: error });
  const code: ErrorCode = shown.code;
  if (code === 'INTERNAL')
    log.error({ path: c.req.routePath, name: error instanceof Error ? error.name : 'unknown' }, 'a request to the pool failed inside');
  if (shown.final) c.header('x-should-retry', 'false');
  const retry = shown.facts['retry_after_s'];
  if (typeof retry === 'number') c.header('retry-after', String(retry));
  return c.json(poolErrorBody(shown), shown.status as ContentfulStatusCode);
}

export function poolErrorBody({ code, message, fix, facts }: TallyError) {
  return { success: false, error: code, message, fix, facts };
}

/** @throws BODY_INVALID */
export async function jsonBody(c: Context): Promise<unknown> {
  const text = await c.req.text();
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own words quote the text, which may hold a key.
    throw new TallyError('BODY_INVALID', 'The body is not valid JSON.');
  }
}
