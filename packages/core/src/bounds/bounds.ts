import { TallyError } from '../errors.ts';
import type { Endpoint } from '../facts/types.ts';
import { AMOUNT_MAX } from '../units.ts';
import { counts, weakest } from './grades.ts';
import type { BoundInputs } from './inputs.ts';
import { CALL_FRAME_TOKENS, MESSAGE_FRAME_TOKENS, TOOL_FRAME_TOKENS } from './limits.ts';
import type { Bound, Grade } from './proof.ts';

/** A part of a bound, with the grade of the facts that it rests on: `proved` where it rests on none. */
export type Part = { readonly tokens: bigint; readonly grade: Grade };
const NOTHING: Part = { tokens: 0n, grade: 'proved' };

const EMBEDS: ReadonlySet<Endpoint> = new Set(['embeddings', 'embed']);

/** @returns whether the endpoint turns inputs into vectors: each input is a pass of its own, and there is no output. */
export function embeds(endpoint: Endpoint): boolean {
  return EMBEDS.has(endpoint);
}

/**
 * A model whose every call costs the same. Then neither bytes nor window say anything about the cost, so no other bound applies.
 * @returns null where the facts name no fixed cost.
 */
export function exactBound({ facts }: BoundInputs): Bound | null {
  const fixed = facts.fixedCost;
  if (fixed === undefined || !counts(fixed.grade)) return null;
  // How the provider splits the cost is not fixed, so each side alone may be all of it.
  return { proof: 'exact', grade: fixed.grade, input: fixed.value, output: fixed.value, total: fixed.value };
}

/**
 * Byte-level BPE: a token stands for at least one byte of the text that is tokenized, so tokens ≤ bytes, plus framing and images.
 * @returns null where the tokenizer is not known to be byte-level, or where the body holds what its bytes do not bound.
 */
export function bytesBound(inputs: BoundInputs): Bound | null {
  const { facts, endpoint, textBytes, messages, tools } = inputs;
  if (facts.fixedCost !== undefined || facts.tokenizer.value !== 'byte_bpe' || !counts(facts.tokenizer.grade)) return null;
  const images = imagesBound(inputs);
  const answer = answerMax(inputs);
  if (images === null || answer === null || inputs.opaque) return null;
  const frames = BigInt(embeds(endpoint) ? inputs.inputs : messages) * MESSAGE_FRAME_TOKENS;
  const input =
    BigInt(textBytes) + frames + BigInt(tools) * TOOL_FRAME_TOKENS + (facts.callFrame?.value ?? CALL_FRAME_TOKENS) + images.tokens;
  const output = embeds(endpoint) ? 0n : BigInt(inputs.choices) * answer.tokens;
  return { proof: 'bytes', grade: weakest(facts.tokenizer.grade, images.grade, answer.grade), input, output, total: input + output };
}

/**
 * One pass through a window of W tokens: prompt and one answer share it, each further answer adds at most min(max output, W). Where input
 * and output have limits of their own, they add up. Embeddings: each input is a pass of its own.
 * @returns null where the window's grade is no proof, or images are billed beyond it at a price that is not known.
 */
export function windowBound(inputs: BoundInputs): Bound | null {
  const { facts, endpoint } = inputs;
  if (facts.fixedCost !== undefined || !counts(facts.window.grade)) return null;
  const window = facts.window.value;
  const images = facts.imagesBilledBeyondWindow === true ? imagesBound(inputs) : NOTHING;
  if (images === null) return null;
  if (embeds(endpoint)) {
    const input = BigInt(inputs.inputs) * window + images.tokens;
    return { proof: 'window', grade: weakest(facts.window.grade, images.grade), input, output: 0n, total: input };
  }
  // Whatever is known of the answer, it stays within the window.
  const answer = answerMax(inputs) ?? { tokens: window, grade: facts.window.grade };
  const each = least(answer.tokens, window);
  const output = BigInt(inputs.choices) * each;
  const grade = weakest(facts.window.grade, images.grade, answer.grade);
  if (facts.inputLimit !== undefined) {
    if (!counts(facts.inputLimit.grade)) return null;
    const input = facts.inputLimit.value + images.tokens;
    return { proof: 'window', grade: weakest(grade, facts.inputLimit.grade), input, output, total: input + output };
  }
  const input = window + images.tokens;
  return { proof: 'window', grade, input, output, total: input + output - each };
}

/**
 * The smallest bound that is admissible; at a tie, the first of exact, bytes, window.
 * @throws TallyError INPUT_INVALID: a count is negative or not whole · MODEL_UNKNOWN: the model does not serve the endpoint ·
 * CAP_EXCEEDED: no bound is admissible, or it is larger than any cap can be.
 */
export function smallestBound(inputs: BoundInputs): Bound {
  checkInputs(inputs);
  const bounds = [exactBound(inputs), bytesBound(inputs), windowBound(inputs)].filter((bound) => bound !== null);
  const [first, ...others] = bounds;
  if (first === undefined) throw unbounded(inputs);
  return possible(others.reduce((best, each) => (each.total < best.total ? each : best), first));
}

/** The refusal of a call that nothing bounds. */
export function unbounded({ facts }: BoundInputs): TallyError {
  const said = 'What this call can cost cannot be bounded: the facts on this model are no proof.';
  return new TallyError('CAP_EXCEEDED', said, { model: facts.id });
}

/** @throws TallyError CAP_EXCEEDED where the bound is larger than any cap can be. */
export function possible(bound: Bound): Bound {
  if (bound.total > AMOUNT_MAX) throw new TallyError('CAP_EXCEEDED', 'The call could cost more than any cap can be.');
  return bound;
}

/**
 * Tokens that one choice can be billed as output: what is sent, or all that the model can emit where the limit does not bind.
 * @returns null where the limit does not bind and the most that the model can emit is not known well enough.
 */
export function answerMax({ facts, maxOutputPerChoice: sent }: BoundInputs): Part | null {
  const covers = facts.limitCoversReasoning;
  if (covers === undefined) return { tokens: sent, grade: 'proved' };
  if (covers.value && counts(covers.grade)) return { tokens: sent, grade: covers.grade };
  const { value, grade } = facts.maxOutput;
  return counts(grade) ? { tokens: value < sent ? sent : value, grade } : null;
}

/** @returns null where there are images and what they are billed is not known. */
export function imagesBound({ facts, images }: BoundInputs): Part | null {
  if (images === 0) return NOTHING;
  const each = facts.imageTokens;
  return each === undefined || !counts(each.grade) ? null : { tokens: BigInt(images) * each.value, grade: each.grade };
}

function least(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

/** @throws TallyError INPUT_INVALID, MODEL_UNKNOWN: see `smallestBound`. */
export function checkInputs(inputs: BoundInputs): void {
  const { facts, endpoint } = inputs;
  if (!facts.endpoints.includes(endpoint)) {
    throw new TallyError('MODEL_UNKNOWN', `The model does not serve ${endpoint}.`, { model: facts.id, endpoint });
  }
  for (const name of ['textBytes', 'messages', 'tools', 'choices', 'inputs', 'images'] as const) {
    const from = name === 'choices' || (name === 'inputs' && embeds(endpoint)) ? 1 : 0;
    if (!Number.isSafeInteger(inputs[name]) || inputs[name] < from) {
      throw new TallyError('INPUT_INVALID', `${name} must be a whole number of at least ${from}.`, { field: name });
    }
  }
  // An output limit of 0 would mean that none is sent, and then nothing bounds the answer.
  const from = embeds(endpoint) ? 0n : 1n;
  if (inputs.maxOutputPerChoice < from) {
    throw new TallyError('INPUT_INVALID', `maxOutputPerChoice must be at least ${from}.`, { field: 'maxOutputPerChoice' });
  }
}
