import { createHmac } from 'node:crypto';
import { type Bound, boundAmount, factsVersion } from '@tallystick/core';
import { randomHex, timedHex, uuidv7 } from '#ground/ids';
import type { AccountBalance, HoldLine, HoldRequest, HoldResult, SendPermit } from '#ledger';
import type { GatewayDeps } from './deps.ts';
import { gateLines, minutesLeft } from './gates.ts';
import type { Offer } from './offer.ts';
import type { CallRequest } from './request.ts';
import type { Source } from './sources.ts';
import type { Trail } from './trail.ts';

/** A request that has its hold: it may be sent, once. */
export type Held = {
  readonly callId: string;
  readonly receiptId: string;
  readonly holdId: string;
  readonly attempt: number;
  readonly source: Source;
  readonly bound: Bound;
  /** What the input may really come to, tokens: never above the bound, and near it only where the bound is near. For what a tenant pays of a burn. */
  readonly likelyInput: bigint;
  readonly body: Buffer;
  /** Output limit that is sent, tokens per choice. */
  readonly output: bigint;
  readonly outputBy: 'caller' | 'injected' | 'clamped';
  readonly permit: SendPermit;
  readonly balances: readonly AccountBalance[];
  /** Monotonic ms of the commit. */
  readonly heldAt: number;
  /** From when it is cut, ms after it is begun. */
  readonly deadlineMs: number;
  /** That is all that its source's minutes have left. */
  readonly isLastMinute: boolean;
};

export type Placed = { readonly held: Held } | { readonly not: Exclude<HoldResult, { result: 'created' }> };

/** What is asked of the source, and how long it may take. */
export type Asked = { readonly name: string; readonly deadlineMs: number };

/**
 * Places one durable hold over the source, its minutes and gates, the key's tokens and its credits: all or none. Where less time is left of the
 * source than was asked for, that is the call's deadline.
 */
export async function placeHold(deps: GatewayDeps, call: CallRequest, trail: Trail, offer: Offer, asked: Asked): Promise<Placed> {
  const placed = await place(deps, call, trail, offer, asked);
  if ('held' in placed) return placed;
  const left = minutesLeft(placed.not, offer.source);
  return 'not' in left ? left : place(deps, call, trail, offer, { ...asked, ...left, isLastMinute: true });
}

type Placing = Asked & { readonly isLastMinute?: true };

async function place(deps: GatewayDeps, call: CallRequest, trail: Trail, offer: Offer, asked: Placing): Promise<Placed> {
  const request = holdRequest(deps, call, trail.next, offer, asked);
  const stop = deps.metrics.hold.startTimer();
  const result = await deps.ledger.hold(request);
  stop();
  if (result.result !== 'created') return { not: result };
  trail.placed();
  const { outputAsked } = call.plan;
  const held: Held = {
    callId: call.callId,
    receiptId: request.receiptId,
    holdId: request.holdId,
    attempt: request.attempt,
    source: offer.source,
    bound: offer.bound,
    likelyInput: likelyInput(call, offer.bound),
    body: offer.body,
    output: offer.output,
    outputBy: outputAsked === null ? 'injected' : outputAsked > offer.output ? 'clamped' : 'caller',
    permit: result.permit,
    balances: result.balances,
    heldAt: deps.clock.monotonicMs(),
    deadlineMs: asked.deadlineMs,
    isLastMinute: asked.isLastMinute === true,
  };
  return { held };
}

/** A window says nothing of this request; the bytes of its text do, even where they prove nothing. */
function likelyInput({ plan, billableBytes }: CallRequest, { proof, input }: Bound): bigint {
  if (proof !== 'window' || plan.opaque || plan.images > 0) return input;
  const bytes = BigInt(billableBytes.text);
  return bytes < input ? bytes : input;
}

function holdRequest(deps: GatewayDeps, call: CallRequest, attempt: number, offer: Offer, { name, deadlineMs }: Asked): HoldRequest {
  const { key, tenantHash } = call.principal;
  const { source, bound } = offer;
  const lines: HoldLine[] = [
    { accountId: source.row.id, amount: bound.total },
    { accountId: key.id, amount: bound.total },
    ...gateLines(source, key, deadlineMs),
  ];
  if (key.creditAccountId !== null) lines.push({ accountId: key.creditAccountId, amount: boundAmount(source.tariff, bound.total) });
  return {
    holdId: uuidv7(deps.clock.wallMs()),
    callId: call.callId,
    attempt,
    sourceId: source.row.id,
    keyId: key.id,
    tenantId: key.tenantId,
    lines,
    guarded: bound.proof === 'count',
    ...(call.pool.reservationId === undefined ? {} : { within: call.pool.reservationId }),
    nonce: randomHex(16),
    receiptId: timedHex(deps.clock.wallMs()),
    mode: source.row.mode,
    proof: bound.proof,
    tariffId: source.tariffId,
    factsVersion: factsVersion(),
    tenantHash,
    sourceHash: source.sourceHash,
    providerHash: source.providerHash,
    requestHash: call.requestHash,
    detail: {
      endpoint: name,
      model: call.plan.model,
      bound_input: String(bound.input),
      bound_output: String(bound.output),
      bound_grade: bound.grade,
      request_bytes: call.plan.body.length,
      stream: call.plan.stream,
      ...(attempt === 1 ? {} : { attempt }),
    },
    ...(call.idempotencyKey === undefined ? {} : { idempotency: idempotency(deps, call, call.idempotencyKey) }),
  };
}

/**
 * What callers choose as a key may be a secret of theirs: the books have it, like the body, only in a form that cannot be read back.
 * The same body may ask for another model by its path, or for something else by its headers: all that is sent on is compared.
 */
function idempotency({ keys }: GatewayDeps, { spec, plan }: CallRequest, key: string) {
  const mac = (...parts: readonly (string | Buffer)[]) => {
    const all = createHmac('sha256', keys.idempotency);
    for (const part of parts) all.update(`${Buffer.byteLength(part)}:`).update(part);
    return all.digest('hex');
  };
  return { route: spec.route, key: mac(key), bodyMac: mac(plan.model, ...plan.passedHeaders, plan.body) };
}
