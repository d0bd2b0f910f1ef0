import { TallyError } from '@tallystick/core';

/** What an emergency stop is of. */
export type Scope =
  | { readonly of: 'pool' }
  | { readonly of: 'provider'; readonly provider: string }
  | { readonly of: 'key'; readonly id: string };

/** @param text `pool`, `provider:<name>` or `key:<id>`. @throws INPUT_INVALID */
export function readScope(text: string): Scope {
  if (text === 'pool') return { of: 'pool' };
  const [, of, name = ''] = /^(provider|key):([A-Za-z0-9_.-]{1,64})$/.exec(text) ?? [];
  if (of === 'provider') return { of, provider: name };
  if (of === 'key') return { of, id: name };
  throw new TallyError('INPUT_INVALID', 'scope: must be pool, provider:<name> or key:<id>.', { field: 'scope' });
}

export function scopeText(scope: Scope): string {
  if (scope.of === 'pool') return 'pool';
  return scope.of === 'provider' ? `provider:${scope.provider}` : `key:${scope.id}`;
}
