import type { Hex } from '@tallystick/core';
import { NodeError } from './node-error.ts';

/** Readers of what a node answers. What is not of the expected form is the node's fault, never ours. */

export function toBigint(value: unknown, what: string): bigint {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{1,64}$/i.test(value)) throw malformed(what);
  return BigInt(value);
}

export function toBlockNumber(value: unknown, what: string): bigint {
  const number = toBigint(value, what);
  if (number > 0xffff_ffff_ffffn) throw malformed(what);
  return number;
}

export function toNumber(value: unknown, what: string): number {
  const number = toBigint(value, what);
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(what);
  return Number(number);
}

/** @param bytes the exact length; absent = any. @returns lower case. */
export function toHexBytes(value: unknown, what: string, bytes?: number): Hex {
  if (typeof value !== 'string' || !/^0x([0-9a-f]{2})*$/i.test(value)) throw malformed(what);
  if (bytes !== undefined && value.length !== 2 + 2 * bytes) throw malformed(what);
  return value.toLowerCase() as Hex;
}

export function toObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(what);
  return value as Record<string, unknown>;
}

export function toList(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(what);
  return value;
}

export function quantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`;
}

function malformed(what: string): NodeError {
  return new NodeError('line', what, { words: 'malformed' });
}
