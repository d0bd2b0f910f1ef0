import { TallyError } from '@tallystick/core';
import type { Route } from './routes.ts';

/** Names under which keys are put into URLs, where they end up in logs and histories. */
export const KEY_NAMES: ReadonlySet<string> = new Set([
  'key',
  'api_key',
  'api-key',
  'apikey',
  'access_token',
  'x-api-key',
  'x-goog-api-key',
  'token',
]);

/**
 * The query of a URL is never sent on; what would change the answer is refused, so that nobody takes an answer for something else.
 * @throws KEY_IN_URL, FIELD_INVALID
 */
export function checkQuery(url: string, route: Route): void {
  const at = url.indexOf('?');
  const isStream = route.kind === 'call' && route.stream === true;
  if (at < 0 && !isStream) return;
  const query = new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
  for (const name of query.keys()) if (KEY_NAMES.has(name.toLowerCase())) throw new TallyError('KEY_IN_URL');
  if (route.kind !== 'call' || route.dialect.name !== 'google') return;
  const form = query.get('alt') ?? query.get('$alt') ?? 'json';
  const wanted = isStream ? 'sse' : 'json';
  if (form === wanted) return;
  throw new TallyError('FIELD_INVALID', `The query parameter \`alt\` must be \`${wanted}\` on this route.`, { field: 'alt' });
}
