import { TallyError } from '../errors.ts';
import { AMOUNT_MAX } from '../units.ts';
import { counts } from './grades.ts';
import type { BoundInputs } from './inputs.ts';
import { CALL_FRAME_TOKENS, MESSAGE_FRAME_TOKENS, TOOL_FRAME_TOKENS } from './limits.ts';
import type { Bound } from './proof.ts';

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
 * Byte-level BPE: a token stands for at least one byte of the text that is tokenized, so tokens ≤ bytes, plus framing.
 * @returns null where the tokenizer is not known to be byte-level.
 */
export function bytesBound(inputs: BoundInputs): Bound | null {
  const { facts, endpoint, textBytes, messages, tools } = inputs;
  if (facts.fixedCost !== undefined || facts.tokenizer.value !== 'byte_bpe' || !counts(facts.tokenizer.grade)) return null;
  const frames = BigInt(endpoint === 'embeddings' ? inputs.inputs : messages) * MESSAGE_FRAME_TOKENS;
  const input = BigInt(textBytes) + frames + BigInt(tools) * TOOL_FRAME_TOKENS + CALL_FRAME_TOKENS;
  const output = endpoint === 'embeddings' ? 0n : BigInt(inputs.choices) * inputs.maxOutputPerChoice;
  return { proof: 'bytes', grade: facts.tokenizer.grade, input, output, total: input + output };
}

/**
 * One pass through a window of W tokens: prompt and one answer share it, each further answer adds at most min(max output, W).
 * Embeddings: each input is a pass of its own. @returns null where the window's grade is no proof.
 */
export function windowBound(inputs: BoundInputs): Bound | null {
  const { facts, endpoint, maxOutputPerChoice } = inputs;
  if (facts.fixedCost !== undefined || !counts(facts.window.grade)) return null;
  const { grade, value: window } = facts.window;
  if (endpoint === 'embeddings') {
    const input = BigInt(inputs.inputs) * window;
    return { proof: 'window', grade, input, output: 0n, total: input };
  }
  const answer = least(maxOutputPerChoice, window);
  const choices = BigInt(inputs.choices);
  return { proof: 'window', grade, input: window, output: choices * answer, total: window + (choices - 1n) * answer };
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
  if (first === undefined) {
    throw new TallyError('CAP_EXCEEDED', 'What this call can cost cannot be bounded: the facts on this model are no proof.', {
      model: inputs.facts.id,
    });
  }
  const smallest = others.reduce((best, each) => (each.total < best.total ? each : best), first);
  if (smallest.total > AMOUNT_MAX) throw new TallyError('CAP_EXCEEDED', 'The call could cost more than any cap can be.');
  return smallest;
}

function least(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

function checkInputs(inputs: BoundInputs): void {
  const { facts, endpoint } = inputs;
  if (!facts.endpoints.includes(endpoint)) {
    throw new TallyError('MODEL_UNKNOWN', `The model does not serve ${endpoint}.`, { model: facts.id, endpoint });
  }
  for (const name of ['textBytes', 'messages', 'tools', 'choices', 'inputs'] as const) {
    const from = name === 'choices' || (name === 'inputs' && endpoint === 'embeddings') ? 1 : 0;
    if (!Number.isSafeInteger(inputs[name]) || inputs[name] < from) {
      throw new TallyError('INPUT_INVALID', `${name} must be a whole number of at least ${from}.`, { field: name });
    }
  }
  // An output limit of 0 would mean that none is sent, and then nothing bounds the answer.
  const from = endpoint === 'embeddings' ? 0n : 1n;
  if (inputs.maxOutputPerChoice < from) {
    throw new TallyError('INPUT_INVALID', `maxOutputPerChoice must be at least ${from}.`, { field: 'maxOutputPerChoice' });
  }
}
