import type { TallyError } from '@tallystick/core';

/** When a refusal ends by itself, for programs: Unix ms. */
export function unlocking({ code, facts }: TallyError): { readonly unlocks_at?: number } {
  const at = facts['unlocks_at'];
  return code === 'GOVERNANCE_LOCKED' && typeof at === 'number' ? { unlocks_at: at } : {};
}
