import { creditsText, TallyError } from '@tallystick/core';
import type { HoldRefusal, HoldResult } from '#ledger';

/** Seconds after which a call that only open holds were in the way of may be tried again. */
const BUSY_RETRY_S = 1;

/** @returns whether the account that refused is the caller's own key or budget, not the source. */
export function isMine(refusal: HoldRefusal, sourceId: string): boolean {
  return refusal.code !== 'POOL_STOPPED' && refusal.accountId !== sourceId;
}

/** What a refused hold means to the caller. `mine`: the account is the caller's own key or budget, not a source. */
export function refusalError(refusal: HoldRefusal, mine: boolean): TallyError {
  const amount = (value: bigint) =>
    'asset' in refusal && refusal.asset === 'credits' ? `${creditsText(value)} credits` : `${value} tokens`;
  const bare = (value: bigint) => amount(value).split(' ')[0];
  const whose = mine ? 'this key' : 'the source';
  switch (refusal.code) {
    case 'CAP_EXCEEDED':
      return new TallyError(
        'CAP_EXCEEDED',
        `The call could cost up to ${amount(refusal.need)}; ${bare(refusal.available)} of ${amount(refusal.limit)} are left under the cap of ${whose}. It was not sent.`,
        { need: String(refusal.need), available: String(refusal.available), limit: String(refusal.limit), asset: refusal.asset },
      );
    case 'CAP_BUSY':
      return new TallyError(
        'CAP_BUSY',
        `The call could cost up to ${amount(refusal.need)}; ${bare(refusal.held)} of the cap of ${whose} are held by calls that are still running.`,
        { need: String(refusal.need), held: String(refusal.held), asset: refusal.asset, retry_after_s: BUSY_RETRY_S },
      );
    case 'ACCOUNT_NOT_ACTIVE':
      if (mine) return new TallyError(refusal.state === 'revoked' ? 'KEY_REVOKED' : 'FORBIDDEN', `The virtual key is ${refusal.state}.`);
      return new TallyError('NO_AVAILABLE_KEYS', `The source for this model is ${refusal.state}.`);
    case 'ACCOUNT_EXPIRED':
      return mine ? new TallyError('KEY_EXPIRED') : new TallyError('NO_AVAILABLE_KEYS', 'The source for this model has expired.');
    case 'ACCOUNT_UNKNOWN':
      return mine ? new TallyError('AUTH_INVALID') : new TallyError('NO_AVAILABLE_KEYS');
    case 'POOL_STOPPED':
      return new TallyError('POOL_STOPPED', `The operator has stopped all calls: ${refusal.reason}.`);
    case 'ACCOUNT_TAMPERED':
      return new TallyError('TAMPERED', 'An account was changed behind the ledger’s back; it is frozen.');
  }
}

/** An idempotency key that was seen before is never sent again; the answer says what became of the first call. */
export function existingError(existing: Extract<HoldResult, { result: 'existing' }>): TallyError {
  const facts = { receipt: existing.receiptId };
  if (!existing.sameBody) return new TallyError('IDEMPOTENCY_MISMATCH', undefined, facts);
  switch (existing.state) {
    case 'open':
      return new TallyError('IN_FLIGHT', undefined, facts);
    case 'settled':
      return new TallyError(
        'ALREADY_SERVED',
        `A call with this idempotency key was served before; its receipt is ${existing.receiptId}.`,
        facts,
      );
    case 'burned':
    case 'released':
      return new TallyError(
        'OUTCOME_UNKNOWN',
        `A call with this idempotency key was tried before; its receipt is ${existing.receiptId}.`,
        facts,
      );
  }
}

/** Of several sources' refusals, the one to tell: what may pass by waiting comes before what will not. */
export function worstHope(refusals: readonly TallyError[]): TallyError {
  return (
    refusals.find(({ code }) => code === 'CAP_BUSY') ??
    refusals.find(({ code }) => code === 'CAP_EXCEEDED') ??
    refusals[0] ??
    new TallyError('NO_AVAILABLE_KEYS')
  );
}
