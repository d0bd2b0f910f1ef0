import { creditsText, TallyError } from '@tallystick/core';
import type { Asset, HoldRefusal, HoldResult } from '#ledger';
import type { Source } from './sources.ts';

/** Seconds after which a call that only open holds were in the way of may be tried again. */
const BUSY_RETRY_S = 1;

/** @returns whether the account that refused is the caller's own key or budget, not the source, its minutes or its gates. */
export function isMine(refusal: HoldRefusal, { row }: Source): boolean {
  if (refusal.code === 'POOL_STOPPED') return false;
  const { accountId } = refusal;
  return accountId !== row.id && accountId !== row.minutesAccountId && !row.groups.includes(accountId);
}

/** What a refused hold means to the caller. `mine`: the account is the caller's own key or budget, not a source. */
export function refusalError(refusal: HoldRefusal, mine: boolean): TallyError {
  const amount = (value: bigint) => amountText(value, 'asset' in refusal ? refusal.asset : 'tokens');
  const bare = (value: bigint) => amount(value).split(' ')[0];
  const whose = mine ? 'this key' : 'asset' in refusal && refusal.asset === 'ms' ? 'the source’s minutes' : 'the source';
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
      if (refusal.kind === 'group') return gateClosed(refusal);
      if (mine) return new TallyError(refusal.state === 'revoked' ? 'KEY_REVOKED' : 'FORBIDDEN', `The virtual key is ${refusal.state}.`);
      return new TallyError('NO_AVAILABLE_KEYS', `The source for this model is ${refusal.state}.`);
    case 'ACCOUNT_EXPIRED':
      return mine ? new TallyError('KEY_EXPIRED') : new TallyError('NO_AVAILABLE_KEYS', 'The source for this model has expired.');
    case 'ACCOUNT_NOT_OPEN':
      return notOpen(refusal, mine);
    case 'ACCOUNT_UNKNOWN':
      return mine ? new TallyError('AUTH_INVALID') : new TallyError('NO_AVAILABLE_KEYS');
    case 'POOL_STOPPED':
      return new TallyError('POOL_STOPPED', `The operator has stopped all calls: ${refusal.reason}.`);
    case 'ACCOUNT_TAMPERED':
      return new TallyError('TAMPERED', 'An account was changed behind the ledger’s back; it is frozen.');
  }
}

function amountText(value: bigint, asset: Asset): string {
  if (asset === 'credits') return `${creditsText(value)} credits`;
  return asset === 'ms' ? `${value} ms` : `${value} tokens`;
}

/** The pool, or a part of it, is stopped; a gate that was changed behind the ledger, or is frozen, lets nothing through either. */
function gateClosed({ accountId, state, reason }: Extract<HoldRefusal, { code: 'ACCOUNT_NOT_ACTIVE' }>): TallyError {
  const why = reason === null ? '' : `: ${reason}`;
  return new TallyError('POOL_STOPPED', `Calls through \`${accountId}\` are stopped (${state})${why}.`, { scope: accountId });
}

function notOpen({ kind, opensAt }: Extract<HoldRefusal, { code: 'ACCOUNT_NOT_OPEN' }>, mine: boolean): TallyError {
  const at = new Date(opensAt).toISOString();
  if (kind === 'group')
    return new TallyError('GOVERNANCE_LOCKED', `The donation pool opens at ${at}. It was not sent.`, { unlocks_at: opensAt });
  return mine
    ? new TallyError('FORBIDDEN', `The virtual key may be used from ${at} on.`)
    : new TallyError('NO_AVAILABLE_KEYS', `The source for this model may be used from ${at} on.`);
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

/** Of several sources' refusals, the one to tell: a lock of them all first, then what may pass by waiting before what will not. */
export function worstHope(refusals: readonly TallyError[]): TallyError {
  return (
    refusals.find(({ code }) => code === 'GOVERNANCE_LOCKED') ??
    refusals.find(({ code }) => code === 'CAP_BUSY') ??
    refusals.find(({ code }) => code === 'CAP_EXCEEDED') ??
    refusals[0] ??
    new TallyError('NO_AVAILABLE_KEYS')
  );
}
