import { createHmac } from 'node:crypto';
import {
  type Bound,
  type BoundInputs,
  boundAmount,
  factsVersion,
  type Hex,
  type ModelFacts,
  smallestBound,
  TallyError,
} from '@tallystick/core';
import { randomHex, uuidv7 } from '#ground/ids';
import type { AccountBalance, HoldLine, HoldRequest, HoldResult, SendPermit } from '#ledger';
import type { GatewayDeps } from './deps.ts';
import type { Principal } from './principals.ts';
import { bodyToSend, type EndpointSpec, outputLimit, type Plan } from './providers/openai/endpoints.ts';
import { existingError, refusalError, worstHope } from './refusals.ts';
import type { Source } from './sources.ts';

/** Sources tried for one call before it is refused. */
const CANDIDATES_MAX = 16;
/** Below this many output tokens an injected limit is not lowered any further: the call is refused instead. */
const INJECTED_OUTPUT_MIN = 16n;

export type CallId = { readonly callId: string; readonly receiptId: string };

/** A call that has its hold: it may be sent, once. */
export type Held = CallId & {
  readonly holdId: string;
  readonly source: Source;
  readonly bound: Bound;
  readonly body: Buffer;
  /** Output limit that is sent, tokens per choice. */
  readonly output: bigint;
  readonly outputBy: 'caller' | 'injected' | 'clamped';
  readonly permit: SendPermit;
  readonly balances: readonly AccountBalance[];
  /** Monotonic ms of the commit. */
  readonly heldAt: number;
};

type Offer = { readonly source: Source; readonly facts: ModelFacts; readonly output: bigint; readonly body: Buffer; readonly bound: Bound };

export type Admission = {
  readonly spec: EndpointSpec;
  readonly principal: Principal;
  readonly plan: Plan;
  readonly id: CallId;
  readonly requestHash: Hex;
  readonly idempotencyKey: string | undefined;
  /** See `billableBytes`: found once, however many sources are tried. */
  readonly billableBytes: number;
};

/**
 * Places one durable hold over the first source that can carry the call, the key's tokens and its credits: all or none.
 * @throws MODEL_UNKNOWN, CAP_EXCEEDED, CAP_BUSY, NO_AVAILABLE_KEYS, KEY_*, POOL_STOPPED, LEDGER_UNAVAILABLE and the idempotency codes.
 */
export async function admit(deps: GatewayDeps, call: Admission): Promise<Held> {
  const { plan, principal, spec } = call;
  const candidates = deps.sources
    .allowed(principal.key.sources)
    .filter(({ models }) => models.get(plan.model)?.endpoints.includes(spec.endpoint));
  if (candidates.length === 0) {
    throw new TallyError('MODEL_UNKNOWN', 'No source that this key may use serves this model on this route.', { field: 'model' });
  }
  const refusals: TallyError[] = [];
  for (const source of candidates.slice(0, CANDIDATES_MAX)) {
    const offer = makeOffer(call, source, deps.limits.outputDefault);
    if (offer instanceof TallyError) {
      refusals.push(offer);
      continue;
    }
    const held = await tryHold(deps, call, offer);
    if (!(held instanceof TallyError)) return held;
    refusals.push(held);
  }
  throw worstHope(refusals);
}

function makeOffer(call: Admission, source: Source, outputDefault: bigint): Offer | TallyError {
  const { plan, spec } = call;
  const facts = source.models.get(plan.model) as ModelFacts;
  const output = spec.outputFields.length === 0 ? 0n : outputLimit(plan, facts, outputDefault);
  const body = bodyToSend(spec, plan, output, source.row.provider === 'openai-compatible');
  const inputs: BoundInputs = {
    facts,
    endpoint: spec.endpoint,
    textBytes: call.billableBytes,
    messages: plan.messages,
    tools: plan.tools,
    maxOutputPerChoice: output,
    choices: plan.choices,
    inputs: plan.inputs,
  };
  try {
    return { source, facts, output, body, bound: smallestBound(inputs) };
  } catch (error) {
    if (error instanceof TallyError) return error;
    throw error;
  }
}

/** Holds, or says why not. Where the caller named no output limit, a smaller one is tried before the call is refused. */
async function tryHold(deps: GatewayDeps, call: Admission, offer: Offer): Promise<Held | TallyError> {
  const placed = await place(deps, call, offer);
  if (placed.result.result === 'created') return held(deps, call, offer, placed.request, placed.result);
  if (placed.result.result === 'existing') throw existingError(placed.result);
  const { refusal } = placed.result;
  const mine = refusal.code !== 'POOL_STOPPED' && refusal.accountId !== offer.source.row.id;
  const error = refusalError(refusal, mine);
  if (
    refusal.code === 'CAP_EXCEEDED' &&
    refusal.asset === 'tokens' &&
    call.plan.outputAsked === null &&
    call.spec.outputFields.length > 0
  ) {
    const room = (refusal.available - offer.bound.input) / BigInt(call.plan.choices);
    if (room >= INJECTED_OUTPUT_MIN && room < offer.output) {
      const smaller = makeOffer(call, offer.source, room);
      if (!(smaller instanceof TallyError)) {
        const again = await place(deps, call, smaller);
        if (again.result.result === 'created') return held(deps, call, smaller, again.request, again.result);
      }
    }
  }
  // What the caller's own key lacks, no other source can give.
  if (mine || refusal.code === 'POOL_STOPPED') throw error;
  return error;
}

async function place(deps: GatewayDeps, call: Admission, offer: Offer): Promise<{ request: HoldRequest; result: HoldResult }> {
  const { key } = call.principal;
  const { source, bound } = offer;
  const lines: HoldLine[] = [
    { accountId: source.row.id, amount: bound.total },
    { accountId: key.id, amount: bound.total },
  ];
  if (key.creditAccountId !== null) lines.push({ accountId: key.creditAccountId, amount: boundAmount(source.tariff, bound.total) });
  const request: HoldRequest = {
    holdId: uuidv7(deps.clock.wallMs()),
    callId: call.id.callId,
    attempt: 1,
    sourceId: source.row.id,
    keyId: key.id,
    tenantId: key.tenantId,
    lines,
    nonce: randomHex(16),
    receiptId: call.id.receiptId,
    mode: source.row.mode,
    proof: bound.proof,
    tariffId: source.tariffId,
    factsVersion: factsVersion(),
    tenantHash: call.principal.tenantHash,
    sourceHash: source.sourceHash,
    providerHash: source.providerHash,
    requestHash: call.requestHash,
    detail: {
      endpoint: call.spec.endpoint,
      model: call.plan.model,
      bound_input: String(bound.input),
      bound_output: String(bound.output),
      bound_grade: bound.grade,
      request_bytes: call.plan.body.length,
      stream: call.plan.stream,
    },
    ...(call.idempotencyKey === undefined ? {} : { idempotency: idempotency(deps, call, call.idempotencyKey) }),
  };
  const stop = deps.metrics.hold.startTimer();
  const result = await deps.ledger.hold(request);
  stop();
  return { request, result };
}

function idempotency(deps: GatewayDeps, call: Admission, key: string) {
  return { route: call.spec.route, key, bodyMac: createHmac('sha256', deps.keys.idempotency).update(call.plan.body).digest('hex') };
}

function held(
  deps: GatewayDeps,
  call: Admission,
  offer: Offer,
  request: HoldRequest,
  created: Extract<HoldResult, { result: 'created' }>,
): Held {
  const { outputAsked } = call.plan;
  return {
    ...call.id,
    holdId: request.holdId,
    source: offer.source,
    bound: offer.bound,
    body: offer.body,
    output: offer.output,
    outputBy: outputAsked === null ? 'injected' : outputAsked > offer.output ? 'clamped' : 'caller',
    permit: created.permit,
    balances: created.balances,
    heldAt: deps.clock.monotonicMs(),
  };
}
