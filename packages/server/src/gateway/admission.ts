import { TallyError } from '@tallystick/core';
import type { HoldRefusal } from '#ledger';
import type { GatewayDeps } from './deps.ts';
import { type Held, placeHold } from './hold.ts';
import { canCount, countInput, isCounted } from './input-count.ts';
import { countedOffer, type Offer, proofOffer } from './offer.ts';
import { existingError, isMine, refusalError, worstHope } from './refusals.ts';
import type { CallRequest } from './request.ts';
import type { Source } from './sources.ts';
import type { Trail } from './trail.ts';
import type { Work } from './work.ts';

/** Sources tried for one call before it is refused. */
const CANDIDATES_MAX = 16;
/** Below this many output tokens an injected limit is not lowered any further: the call is refused instead. */
const INJECTED_OUTPUT_MIN = 16n;

/** The sources that serve the call's model on its route and may be asked by then, oldest first. @param byMs monotonic ms; 0: the untried. */
export function candidates(deps: GatewayDeps, call: CallRequest, trail: Trail, byMs: number): readonly Source[] {
  return serving(deps, call)
    .filter(({ row }) => trail.readyAt(row.id) <= byMs)
    .slice(0, CANDIDATES_MAX);
}

/** @returns when the first of them may be asked, monotonic ms: 0 where one is untried, `Infinity` where none may be. */
export function soonest(deps: GatewayDeps, call: CallRequest, trail: Trail): number {
  return Math.min(...serving(deps, call).map(({ row }) => trail.readyAt(row.id)));
}

function serving({ sources }: GatewayDeps, { plan, principal, spec, pool }: CallRequest): readonly Source[] {
  return sources
    .allowed(principal.key)
    .filter(({ row, models }) => (pool.sourceId ?? row.id) === row.id && models.get(plan.model)?.endpoints.includes(spec.endpoint));
}

/**
 * Places one durable hold over the first source that can carry the call, the key's tokens and its credits: all or none.
 * @throws MODEL_UNKNOWN, CAP_EXCEEDED, CAP_BUSY, NO_AVAILABLE_KEYS, KEY_*, POOL_STOPPED, GOVERNANCE_LOCKED, LEDGER_UNAVAILABLE, SHUTTING_DOWN, the
 * idempotency codes, and those of an upstream that was asked to count.
 */
export async function admit(deps: GatewayDeps, call: CallRequest, trail: Trail, work: Work, sources: readonly Source[]): Promise<Held> {
  if (sources.length === 0) {
    throw new TallyError('MODEL_UNKNOWN', 'No source that this key may use serves this model on this route.', { field: 'model' });
  }
  const refusals: TallyError[] = [];
  for (const source of sources) {
    const admitted = await admitOn(deps, call, trail, work, source);
    if (!(admitted instanceof TallyError)) return admitted;
    // Should the call be tried again, it goes to a source that had room for it rather than to this one.
    trail.failed(source.row.id, Number.POSITIVE_INFINITY);
    refusals.push(admitted);
  }
  throw worstHope(refusals);
}

/** Under proof where that fits; else, where the source's giver has agreed, under the provider's own count. */
async function admitOn(deps: GatewayDeps, call: CallRequest, trail: Trail, work: Work, source: Source): Promise<Held | TallyError> {
  if (deps.sources.isSuspended(source.row.id)) return new TallyError('NO_AVAILABLE_KEYS', 'The source for this model is frozen.');
  const offer = proofOffer(deps, call, source);
  const tried = offer instanceof TallyError ? { error: offer, refusal: null } : await tryHold(deps, call, trail, offer);
  if ('held' in tried) return tried.held;
  if (!canCount(call, source, tried.refusal)) return orThrow(withoutConsent(tried.error, call, source), tried.refusal, source);
  const counted = await countInput(deps, call, trail, work, source);
  if (counted instanceof TallyError) return counted;
  const smaller = countedOffer(deps, call, source, counted);
  if (smaller instanceof TallyError) return smaller;
  const again = await tryHold(deps, call, trail, smaller);
  return 'held' in again ? again.held : orThrow(again.error, again.refusal, source);
}

/** Where only the giver's consent is missing, the refusal says so: the operator may not know that it would help. */
function withoutConsent(error: TallyError, call: CallRequest, source: Source): TallyError {
  const facts = source.models.get(call.plan.model);
  const isLoose = facts?.tokenizer.value === 'unknown' || facts?.limitCoversReasoning !== undefined;
  const wouldHelp = error.code === 'CAP_EXCEEDED' && isLoose && !source.row.countConsent && isCounted(call, source);
  if (!wouldHelp) return error;
  const hint = 'The provider’s own count may bound it lower, but the source’s giver has not agreed to that (`count_consent`).';
  return new TallyError('CAP_EXCEEDED', `${error.message} ${hint}`, error.facts);
}

/** @throws the error where it is the caller's own key that lacks something: no other source can give it that. */
function orThrow(error: TallyError, refusal: HoldRefusal | null, source: Source): TallyError {
  if (refusal !== null && isMine(refusal, source)) throw error;
  return error;
}

type Tried = { readonly held: Held } | { readonly error: TallyError; readonly refusal: HoldRefusal };

/** Holds, or says why not. Where the caller named no output limit, a smaller one is tried before the call is refused. */
async function tryHold(deps: GatewayDeps, call: CallRequest, trail: Trail, offer: Offer): Promise<Tried> {
  const deadlineMs = deps.limits.callDeadlineMs;
  const placed = await placeHold(deps, call, trail, offer, { name: call.spec.name, deadlineMs });
  if ('held' in placed) return placed;
  if (placed.not.result === 'existing') throw existingError(placed.not);
  const { refusal } = placed.not;
  const smaller = shrunk(deps, call, offer, refusal);
  if (smaller !== null) {
    const again = await placeHold(deps, call, trail, smaller, { name: call.spec.name, deadlineMs });
    if ('held' in again) return again;
  }
  const error = refusalError(refusal, isMine(refusal, offer.source));
  if (refusal.code === 'POOL_STOPPED') throw error;
  return { error, refusal };
}

/** The same offer with the output that the cap has room for; null where that is too little, or the caller's own limit stands. */
function shrunk(deps: GatewayDeps, call: CallRequest, offer: Offer, refusal: HoldRefusal): Offer | null {
  if (refusal.code !== 'CAP_EXCEEDED' || refusal.asset !== 'tokens') return null;
  if (call.plan.outputAsked !== null || call.spec.outputFields.length === 0) return null;
  const room = (refusal.available - offer.bound.input) / BigInt(call.plan.choices);
  if (room < INJECTED_OUTPUT_MIN + call.plan.thinkingBudget || room >= offer.output) return null;
  const smaller =
    offer.bound.proof === 'count'
      ? countedOffer(deps, call, offer.source, offer.counted, room)
      : proofOffer(deps, call, offer.source, room);
  return smaller instanceof TallyError ? null : smaller;
}
