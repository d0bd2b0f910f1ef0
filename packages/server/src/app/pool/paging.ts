import { TallyError } from '@tallystick/core';
import type { Context } from 'hono';

const LIMIT_MAX = 100;

/** `?limit=`, at most 100. @throws INPUT_INVALID */
export function limitOf(c: Context): number {
  return wholeOf(c, 'limit', 1, LIMIT_MAX) ?? LIMIT_MAX;
}

/** `?after=`: the last id of the page before. @throws INPUT_INVALID */
export function afterOf(c: Context): { readonly after?: string } {
  const after = c.req.query('after');
  if (after === undefined) return {};
  if (!/^[\w.:/-]{1,128}$/.test(after))
    throw new TallyError('INPUT_INVALID', 'after: must be the last id of the page before.', { field: 'after' });
  return { after };
}

/** A whole number in the query. @throws INPUT_INVALID */
export function wholeOf(c: Context, field: string, min: number, max = Number.MAX_SAFE_INTEGER): number | undefined {
  const text = c.req.query(field);
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new TallyError('INPUT_INVALID', `${field}: must be a whole number from ${min} to ${max}.`, { field });
}
