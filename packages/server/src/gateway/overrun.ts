import { type Usage, usageTotal } from '@tallystick/core';
import type { Held } from './hold.ts';
import type { Plan } from './providers/endpoint.ts';

/**
 * No token of a public vocabulary is longer than 128 bytes. Visible text beyond limit × 128 bytes therefore proves
 * that the upstream went over the output limit that it was sent (o200k_base: longest token 128 bytes).
 */
const TOKEN_BYTES_MAX = 128n;

/**
 * The most that a JSON answer has of one token: it can be escaped, listed as bytes, and stand beside 20 likelier ones (`logprobs`); the
 * rest of the answer quotes the request at most. No server that keeps its word sends more, so a longer answer counts as an overrun too.
 */
const TOKEN_JSON_BYTES_MAX = 32_768n;
const ANSWER_FRAME_BYTES_MAX = 65_536n;
const ESCAPED_BYTES_MAX = 6n;

/** UTF-8 bytes of visible text that a stream within its output limit can have. */
export function textBytesAllowed(held: Held, plan: Plan): bigint {
  return outputMax(held, plan) * TOKEN_BYTES_MAX;
}

/** Bytes that a JSON answer within its output limit can have. */
export function jsonBytesAllowed(held: Held, plan: Plan): bigint {
  const text = outputMax(held, plan) * TOKEN_JSON_BYTES_MAX;
  return text + BigInt(held.body.length) * ESCAPED_BYTES_MAX + ANSWER_FRAME_BYTES_MAX;
}

/** Whether a report owns up to more than what was sent for. A fixed cost has no output limit to go beyond, and embeddings have no output. */
export function isBeyond(held: Held, plan: Plan, usage: Usage): boolean {
  if (usageTotal(usage) > held.bound.total) return true;
  if (held.bound.proof === 'exact' || held.output === 0n) return false;
  return usage.output + usage.reasoning > outputMax(held, plan);
}

/** Tokens that all choices together can emit: where reasoning is not within the limit that is sent, the bound is above it. */
function outputMax({ bound, output }: Held, { choices }: Plan): bigint {
  const sent = output * BigInt(choices);
  return bound.proof === 'exact' || bound.output < sent ? sent : bound.output;
}
