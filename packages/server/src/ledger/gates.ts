import { AMOUNT_MAX } from '@tallystick/core';
import type { NewAccount, SourceRow } from './types.ts';

/** What stands in the row of a source that the operator gave. */
export const NOT_DONATED = { pool: false, groups: [], minutesAccountId: null } as const satisfies Partial<SourceRow>;

/** The gate that every call of the pool goes through. */
export const POOL_GATE = 'pool';

/** What the pool's calls go through in its place while an operator overrides the lockout, so that the real gate stays as it is. */
export const UNLOCKED_GATE = 'pool/unlocked';

/** The gate of the pool's calls to one provider. */
export function providerGate(provider: string): string {
  return `${POOL_GATE}/${provider}`;
}

/** A gate, open or from a time on: its holds are of nothing and it is charged nothing, so only its state and its opening count. */
export function gateAccount(id: string, opensAt?: number): NewAccount {
  const gate = { id, kind: 'group', tenantId: 'operator', asset: 'tokens', ceiling: AMOUNT_MAX, limit: AMOUNT_MAX } as const;
  return opensAt === undefined ? gate : { ...gate, opensAt };
}
