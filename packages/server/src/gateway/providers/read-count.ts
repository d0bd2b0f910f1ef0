/** @returns a count of tokens as an upstream's JSON gave it; null where it is no whole number from 0 to 2^53 − 1. */
export function readCount(value: unknown): bigint | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : null;
}
