import { type Domain, limitChangeSigner, TallyError } from '@tallystick/core';
import type { EffectiveLimits, LimitChange, SealedMeta } from './types.ts';

const OPERATOR = 'operator';
const ADDRESS = /^0x[0-9a-f]{40}$/;
const ACCOUNT = /^account:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** `operator`, an address in lower case, or `account:` and a UUID in lower case. */
export function isDonor(donor: string): boolean {
  return needsNoSignature(donor) || ADDRESS.test(donor);
}

/**
 * An account's word rests on this gateway, which knows the account by a token and has nothing that others could check; a wallet's can be
 * checked by anybody who has the log.
 */
function needsNoSignature(donor: string): boolean {
  return donor === OPERATOR || ACCOUNT.test(donor);
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

/** The operator's own sources and those of accounts need no signature; a wallet's need the wallet's (EIP-712). */
export function isSignedByOwner(meta: SealedMeta, change: LimitChange, domain: Domain | undefined): boolean {
  if (needsNoSignature(meta.donor)) return true;
  if (change.signature === undefined || domain === undefined) return false;
  try {
    return limitChangeSigner(change, domain, change.signature) === meta.donor;
  } catch {
    return false;
  }
}
