import { seeded } from '../support/random.ts';

/** Numbers from 0 to below 1. */
export type Random = () => number;

/** One thing that is fuzzed. */
export type Target = {
  readonly name: string;
  /** How much of a run goes to this target. */
  readonly share: number;
  /** Makes one input: always the same for the same numbers. */
  make(random: Random): Uint8Array;
  /** @throws Fault where the oracle does not hold; anything else that it throws is a finding too. */
  check(input: Uint8Array): void;
};

/** What an oracle says when it does not hold. */
export class Fault extends Error {}

export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Fault(what);
}

/** Choices that belong to an input (where a stream is cut, what is edited): the same ones for the same bytes, so that a kept input is enough. */
export function choicesOf(input: Uint8Array): Random {
  let hash = 0x811c9dc5;
  for (const byte of input) hash = Math.imul(hash ^ byte, 0x01000193);
  return seeded(hash);
}

/** The seed of one input of a run, so that each can be made again alone. */
export function seedOf(seed: number, iteration: number): number {
  return (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(iteration + 1, 0xc2b2ae35)) >>> 0;
}
