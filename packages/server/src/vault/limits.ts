import { type Domain, limitChangeSigner, TallyError } from '@tallystick/core';
import type { EffectiveLimits, LimitChange, SealedMeta } from './types.ts';

const OPERATOR = 'operator';
const ADDRESS = /^0x[0-9a-f]{40}$/;

/** `operator`, or an address in lower case. */
export function isDonor(donor: string): boolean {
  return donor === OPERATOR || ADDRESS.test(donor);
}

/** The minimum over the ceiling and every change; of the expiries the earliest that is not 0 (never). */
export function effectiveLimits(meta: SealedMeta, changes: readonly LimitChange[]): EffectiveLimits {
  let limit = meta.ceiling;
  let expiry = meta.expiry;
  for (const change of changes) {
    if (change.limit < limit) limit = change.limit;
    if (change.expiry !== 0 && (expiry === 0 || change.expiry < expiry)) expiry = change.expiry;
  }
  return { ceiling: meta.ceiling, limit, expiry, changes: changes.length, seq: changes.at(-1)?.seq ?? 0 };
}

/**
 * Whether `change` may follow. Nothing is ever raised: a change that would have no effect on either side but a later or higher
 * value is refused aloud, instead of being taken and silently ignored.
 * @throws LIMIT_INVALID
 */
export function checkChange(meta: SealedMeta, now: EffectiveLimits, change: LimitChange, domain: Domain | undefined): void {
  if (change.id !== meta.id) throw new TallyError('LIMIT_INVALID', 'The change names another source.');
  if (!Number.isSafeInteger(change.seq) || change.seq <= now.seq) {
    throw new TallyError('LIMIT_INVALID', `The change’s number must be above ${now.seq}.`, { seq: now.seq });
  }
  if (change.limit < 0n || change.limit > now.limit) {
    throw new TallyError('LIMIT_INVALID', 'A limit is only ever lowered.', { limit: now.limit.toString() });
  }
  if (!Number.isSafeInteger(change.expiry) || change.expiry < 0 || (now.expiry !== 0 && change.expiry > now.expiry)) {
    throw new TallyError('LIMIT_INVALID', 'An expiry is only ever brought forward.', { expiry: now.expiry });
  }
  if (!isSignedByOwner(meta, change, domain)) throw new TallyError('LIMIT_INVALID', 'The change does not carry the donor’s signature.');
}

/** The operator's own sources need no signature; a donor's need the donor's (EIP-712). */
export function isSignedByOwner(meta: SealedMeta, change: LimitChange, domain: Domain | undefined): boolean {
  if (meta.donor === OPERATOR) return true;
  if (change.signature === undefined || domain === undefined) return false;
  try {
    return limitChangeSigner(change, domain, change.signature) === meta.donor;
  } catch {
    return false;
  }
}
