import { fitsAnyCall, leastCap, type ModelFacts, TallyError } from '@tallystick/core';
import type { Probe } from './probe.ts';

/** What stays free of a limit where calls rest on a count: a tenth, rounded up. The ledger has the same. */
function guardOf(limit: bigint): bigint {
  return (limit + 9n) / 10n;
}

export type Room = {
  readonly limit: bigint;
  /** Of the limit, held, spent or overrun. */
  readonly used: bigint;
  readonly countConsent: boolean;
};

/** @returns whether any call of any of the models could still be placed. */
export function isUsable(models: readonly ModelFacts[], { limit, used, countConsent }: Room): boolean {
  const left = limit - used;
  return left > 0n && fitsAnyCall(models, { left, guard: guardOf(limit), countConsent });
}

/**
 * A key under whose cap no model could ever be called helps nobody: its donor is told before it is taken, in plain words.
 * @throws DONATION_UNUSABLE
 */
export function checkUsable(models: readonly ModelFacts[], probe: Probe | null, tokens: bigint, countConsent: boolean): void {
  if (probe === null)
    throw new TallyError('DONATION_UNUSABLE', 'What a call to this provider costs cannot be bounded, so no key of it is taken.');
  const least = leastWith(models, probe, countConsent);
  if (least !== null && tokens >= least) return;
  const counted = countConsent ? null : leastWith(models, probe, true);
  if (counted !== null && (least === null || counted < least) && tokens >= counted) throw needsConsent(least, tokens);
  const reason =
    least === null
      ? 'No call to these models is bounded by a proof.'
      : `The smallest call to these models is proven to fit only under a cap of at least ${least} tokens, and this one is ${tokens}.`;
  const other = counted === null || (least !== null && counted >= least) ? '' : ` With \`count_consent\` it is ${counted}.`;
  throw new TallyError('DONATION_UNUSABLE', `${reason}${other}`, {
    field: 'donated_tokens',
    least: least === null ? null : String(least),
    least_with_consent: counted === null ? null : String(counted),
  });
}

/** What finds out whether the key works is paid out of the cap, and must leave room for a call. */
function leastWith(models: readonly ModelFacts[], { cost }: Probe, countConsent: boolean): bigint | null {
  const least = leastCap(models, countConsent);
  return least === null ? null : least + cost;
}

function needsConsent(least: bigint | null, tokens: bigint): TallyError {
  const proven = least === null ? 'under no cap' : `only under a cap of at least ${least} tokens`;
  return new TallyError(
    'DONATION_UNUSABLE',
    `A call to these models is proven to fit ${proven}, and this one is ${tokens}: their tokenizer is not public, or their reasoning is not documented to stay within the limit that is sent. If you agree (\`count_consent\`), calls are bounded by the provider’s own count of them plus 2 % and at least 512 tokens, and the last tenth of the cap is kept free of such calls. That has been right so far, but is no proof.`,
    { field: 'count_consent', count_consent: true, least: least === null ? null : String(least) },
  );
}
