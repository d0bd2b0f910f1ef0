/** A token count of a usage object, or `bad`: there, but no whole number from 0 to 2^53 − 1. */
export type Count = bigint | 'absent' | 'bad';

/** Reads one member. `null` reads as absent; an explicit zero is a zero. Inherited members do not count. */
export function count(from: Record<string, unknown>, name: string): Count {
  const value = Object.hasOwn(from, name) ? from[name] : undefined;
  if (value === undefined || value === null) return 'absent';
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) return 'bad';
  return BigInt(value);
}

/** Reads a member that may be left out: absent reads as 0, null means that it is unusable. */
export function optionalCount(from: Record<string, unknown>, name: string): bigint | null {
  const read = count(from, name);
  if (read === 'bad') return null;
  return read === 'absent' ? 0n : read;
}

/** Reads a member that must be there; null means that it is not, or is unusable. */
export function requiredCount(from: Record<string, unknown>, name: string): bigint | null {
  const read = count(from, name);
  return typeof read === 'bigint' ? read : null;
}

/** Reads a nested object; absent reads as empty, null means that it is something else. */
export function details(from: Record<string, unknown>, name: string): Record<string, unknown> | null {
  const value = Object.hasOwn(from, name) ? from[name] : undefined;
  if (value === undefined || value === null) return {};
  return typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}
