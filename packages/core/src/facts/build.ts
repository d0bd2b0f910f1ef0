import { UNITS } from '../units.ts';
import type { Fact, PriceFact } from './types.ts';

/** All token prices of the facts are per this many tokens. */
export const PER_MILLION = 1_000_000n;

/** Prices of one model in credit base units (1 credit = 1 USD, 6 decimals) per 1,000,000 tokens. */
export type TokenPrices = {
  readonly input: bigint;
  readonly cached?: bigint;
  /** Input that is written to a cache for 5 minutes, or for 1 hour. */
  readonly cacheWrite5m?: bigint;
  readonly cacheWrite1h?: bigint;
  readonly output: bigint;
};

/** Every class of tokens. Reasoning is billed as output; what has no price of its own costs what input costs. */
export function tokenPrices({ input, cached, cacheWrite5m, cacheWrite1h, output }: TokenPrices): readonly PriceFact[] {
  return [
    { unit: UNITS.input, price: input, per: PER_MILLION },
    { unit: UNITS.cached_input, price: cached ?? input, per: PER_MILLION },
    { unit: UNITS.cache_write_5m, price: cacheWrite5m ?? input, per: PER_MILLION },
    { unit: UNITS.cache_write_1h, price: cacheWrite1h ?? input, per: PER_MILLION },
    { unit: UNITS.output, price: output, per: PER_MILLION },
    { unit: UNITS.reasoning, price: output, per: PER_MILLION },
  ];
}

/** @returns a maker of facts that share source, date and grade. */
export function factsFrom(origin: Omit<Fact<never>, 'value'>): <T>(value: T) => Fact<T> {
  return (value) => ({ value, ...origin });
}
