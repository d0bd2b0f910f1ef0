import { TallyError } from '../errors.ts';
import { answerMax, checkInputs, embeds, imagesBound, type Part, possible, unbounded } from './bounds.ts';
import { counts } from './grades.ts';
import type { BoundInputs } from './inputs.ts';
import type { Bound } from './proof.ts';

/** What a provider's count may be short of its bill: 2 %, and at least 512 tokens. */
const MARGIN_PERCENT = 2n;
const MARGIN_TOKENS_MIN = 512n;

/**
 * The provider's own count of the very request, with a margin. It is evidence, not proof: it is used only where the source's giver has
 * agreed to it, and only inside a guard band that the ledger keeps free.
 * @param counted tokens of input, as the provider's count endpoint gave them for the bytes that will be sent.
 * @throws TallyError INPUT_INVALID, MODEL_UNKNOWN, CAP_EXCEEDED as `smallestBound`.
 */
export function countBound(inputs: BoundInputs, counted: bigint): Bound {
  checkInputs(inputs);
  if (counted < 0n) throw new TallyError('INPUT_INVALID', 'counted must not be negative.', { field: 'counted' });
  const share = (counted * MARGIN_PERCENT + 99n) / 100n;
  // A count is of what the model sees, so images that are billed at more than that are added whole.
  const images = inputs.facts.imagesBilledBeyondWindow === true ? imagesBound(inputs) : { tokens: 0n };
  const answer = evidentAnswerMax(inputs);
  if (images === null || answer === null) throw unbounded(inputs);
  const input = counted + (share > MARGIN_TOKENS_MIN ? share : MARGIN_TOKENS_MIN) + images.tokens;
  const output = embeds(inputs.endpoint) ? 0n : BigInt(inputs.choices) * answer.tokens;
  return possible({ proof: 'count', grade: 'evidence', input, output, total: input + output });
}

/** Whoever agreed to evidence for the input has for the output: that reasoning stays within the limit is taken as the trials have it. */
function evidentAnswerMax(inputs: BoundInputs): Part | null {
  if (inputs.facts.limitCoversReasoning?.value === true) return { tokens: inputs.maxOutputPerChoice, grade: 'evidence' };
  return answerMax(inputs);
}

/** @returns whether the provider counts requests to this model, as far as the facts know. */
export function isCountable({ countable, fixedCost }: BoundInputs['facts']): boolean {
  return fixedCost === undefined && countable !== undefined && countable.value && counts(countable.grade);
}
