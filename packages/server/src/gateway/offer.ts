import { type Bound, type BoundInputs, countBound, isCountable, type ModelFacts, smallestBound, TallyError } from '@tallystick/core';
import type { GatewayDeps } from './deps.ts';
import { bodyToSend, outputLimit } from './providers/plan.ts';
import type { CallRequest } from './request.ts';
import type { Source } from './sources.ts';
import { boundBytes, renderedFactor } from './text-bytes.ts';

/** What would be sent to a source, and the most that it can cost there. */
export type Offer = {
  readonly source: Source;
  readonly facts: ModelFacts;
  /** Output limit that is sent, tokens per choice; 0 where there is no output. */
  readonly output: bigint;
  readonly body: Buffer;
  readonly bound: Bound;
  /** The provider's count of the input, tokens; 0 where the bound rests on proof. */
  readonly counted: bigint;
};

const NOTHING: Bound = { proof: 'exact', grade: 'documented', input: 0n, output: 0n, total: 0n };

/** The offer under the smallest proven bound. @param output the limit to send, where it is not what the caller asked for. @returns why there is none. */
export function proofOffer(deps: GatewayDeps, call: CallRequest, source: Source, output?: bigint): Offer | TallyError {
  const facts = source.models.get(call.plan.model) as ModelFacts;
  if (call.spec.isFree && !isCountable(facts)) return notFree();
  return offer(deps, call, { source, facts, counted: 0n }, output, (inputs) => (call.spec.isFree ? NOTHING : smallestBound(inputs)));
}

/** The offer under the provider's own count. @param counted tokens of input. */
export function countedOffer(deps: GatewayDeps, call: CallRequest, source: Source, counted: bigint, output?: bigint): Offer | TallyError {
  const facts = source.models.get(call.plan.model) as ModelFacts;
  return offer(deps, call, { source, facts, counted }, output, (inputs) => countBound(inputs, counted));
}

function offer(
  deps: GatewayDeps,
  call: CallRequest,
  to: Pick<Offer, 'source' | 'facts' | 'counted'>,
  asked: bigint | undefined,
  boundOf: (inputs: BoundInputs) => Bound,
): Offer | TallyError {
  const { plan, spec } = call;
  const { source, facts } = to;
  const output = spec.outputFields.length === 0 ? 0n : (asked ?? outputLimit(plan, facts, deps.limits.outputDefault));
  if (plan.thinkingBudget > 0n && output <= plan.thinkingBudget) return thinksTooMuch(output);
  const body = bodyToSend(spec, plan, output, source.row.provider);
  const inputs: BoundInputs = {
    facts,
    endpoint: spec.endpoint,
    textBytes: boundBytes(call.billableBytes, renderedFactor(source.row.provider, facts)),
    messages: plan.messages,
    tools: plan.tools,
    maxOutputPerChoice: output,
    choices: plan.choices,
    inputs: plan.inputs,
    images: plan.images,
    opaque: plan.opaque,
  };
  try {
    return { ...to, output, body, bound: boundOf(inputs) };
  } catch (error) {
    if (error instanceof TallyError) return error;
    throw error;
  }
}

/** The provider refuses it, and bills what it likes for that; so it is not sent. */
function thinksTooMuch(output: bigint): TallyError {
  return new TallyError('FIELD_INVALID', `\`thinking.budget_tokens\` must be below the output limit that is sent, ${output}.`, {
    field: 'thinking.budget_tokens',
  });
}

function notFree(): TallyError {
  const why = 'That this source counts requests to this model for nothing is not known, so no count is sent to it.';
  return new TallyError('MODEL_UNKNOWN', why, { field: 'model' });
}
