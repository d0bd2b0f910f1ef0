import {
  type Bound,
  countBound,
  type Endpoint,
  isCountable,
  type ModelFacts,
  smallestBound,
  TallyError,
  utf8BytesMax,
} from '@tallystick/core';
import type { TurnAsk } from './dialects/dialect.ts';
import { POOL_DIALECTS } from './dialects/dialects.ts';
import type { DialectName, PoolKey } from './ports.ts';

/** What may be held: under proof; and where a provider's count takes its place, which a guard band is kept free of. Tokens. */
export type Room = { readonly proved: bigint; readonly counted: bigint };

/**
 * What calls of one form come to on one key. `estimate`: tokens of its input, where only the provider can count it. `seen`: what the last turn,
 * which this one adds little to, came to; null where it says nothing of this one.
 */
export type Size = {
  readonly facts: ModelFacts;
  readonly endpoint: Endpoint;
  readonly canCount: boolean;
  readonly textBytes: number;
  readonly messages: number;
  readonly opaque: boolean;
  readonly estimate: bigint;
  readonly seen: bigint | null;
};

/** A token of an unknown tokenizer stands for so many bytes at least, in most texts: a guess, which the provider's count then corrects. */
const BYTES_PER_TOKEN = 2;
/** Tokens: what a turn adds of its own. */
const SEEN_MARGIN = 512n;

/** The same text in a dialect's form, measured once for all keys. */
export type Measured = Pick<Size, 'endpoint' | 'textBytes' | 'messages' | 'opaque' | 'estimate'>;

/** @param extra tokens that the input was found to be larger than its estimate. */
export function measure(dialect: DialectName, ask: TurnAsk, extra: bigint): Measured {
  const { endpoint, wire } = POOL_DIALECTS[dialect];
  const { body: text, messages, rendered } = wire(ask);
  const body = Buffer.from(text);
  return {
    endpoint,
    textBytes: utf8BytesMax(body) + rendered,
    messages,
    opaque: ask.marked && ask.written.some(({ kept }) => kept !== null),
    estimate: BigInt(Math.ceil(body.length / BYTES_PER_TOKEN)) + extra,
  };
}

export function sizeOn(key: PoolKey, facts: ModelFacts, measured: Measured, seen: bigint | null): Size {
  return { ...measured, facts, canCount: key.countConsent && isCountable(facts), seen };
}

/** @returns the largest output limit with which a call is bounded within the room, tokens; null where it has none at all. */
export function outputWithin(size: Size, room: Room): bigint | null {
  const proved = largest(size.facts, room.proved, (output) => smallestBound(inputsOf(size, output)));
  if (!size.canCount) return proved;
  const counted = largest(size.facts, room.counted, (output) => countBound(inputsOf(size, output), size.estimate));
  return proved === null || (counted !== null && counted > proved) ? counted : proved;
}

/** @returns tokens of input that the call is taken to have, at most. */
export function inputOf(size: Size): bigint {
  const proved = totalOf(() => smallestBound(inputsOf(size, 1n)));
  const counted = size.canCount ? totalOf(() => countBound(inputsOf(size, 1n), size.estimate)) : null;
  const least = proved === null || (counted !== null && counted < proved) ? counted : proved;
  // A window says nothing of this input, only of any.
  return least === null || least >= size.facts.window.value ? size.estimate : least - 1n;
}

/** @returns the output for which the model's window has room beside the input, tokens; 0 or less: none. */
export function windowLeft(size: Size): bigint {
  const { window, inputLimit } = size.facts;
  const input = likelyInput(size);
  if (inputLimit !== undefined && input > inputLimit.value) return 0n;
  return window.value - input;
}

/** Bytes overstate most inputs by far. What the last turn came to, with a quarter more, is nearer. */
function likelyInput(size: Size): bigint {
  const most = inputOf(size);
  if (size.seen === null) return most;
  const likely = (size.seen * 5n) / 4n + SEEN_MARGIN;
  return likely < most ? likely : most;
}

/** A bound grows with the limit one by one, or, where the limit does not bind, not at all. */
function largest(facts: ModelFacts, room: bigint, boundOf: (output: bigint) => Bound): bigint | null {
  const max = facts.maxOutput.value;
  if (max < 1n) return null;
  const most = totalOf(() => boundOf(max));
  if (most !== null && most <= room) return max;
  const least = totalOf(() => boundOf(1n));
  if (least === null || least > room) return null;
  const output = 1n + room - least;
  return output < max ? output : max;
}

function totalOf(bound: () => Bound): bigint | null {
  try {
    return bound().total;
  } catch (error) {
    if (error instanceof TallyError) return null;
    throw error;
  }
}

function inputsOf({ facts, endpoint, textBytes, messages, opaque }: Size, output: bigint) {
  return { facts, endpoint, textBytes, messages, tools: 0, maxOutputPerChoice: output, choices: 1, inputs: 0, images: 0, opaque };
}
