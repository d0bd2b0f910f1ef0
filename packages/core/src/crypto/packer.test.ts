import { expect, test } from 'vitest';
import { fill } from '../receipt/sample.ts';
import { checkUint, Packer, type UintBits } from './packer.ts';

const WIDTHS: readonly UintBits[] = [8, 16, 32, 64, 128, 256];

test.each(WIDTHS)('uint%i takes 0 and its maximum, and nothing beyond', (bits) => {
  const limit = 2n ** BigInt(bits);
  expect(checkUint(bits, 0n, 'x')).toBe(0n);
  expect(checkUint(bits, limit - 1n, 'x')).toBe(limit - 1n);
  for (const bad of [limit, -1n, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', undefined, null, {}]) {
    expect(() => checkUint(bits, bad as bigint, 'x')).toThrow(/x must be an integer/);
  }
});

test('a preimage that is not exactly filled is never hashed', () => {
  expect(() => new Packer(33).bytes32(fill(1), 'a').keccak()).toThrow(/not filled/);
  expect(() => new Packer(31).bytes32(fill(1), 'a')).toThrow(/overfilled/);
});

test('an address of 32 bytes and an id of 20 bytes are refused', () => {
  expect(() => new Packer(32).address(fill(1), 'maker')).toThrow(/maker must be 0x and 20 bytes/);
  expect(() => new Packer(32).bytes32(`0x${'11'.repeat(20)}`, 'callId')).toThrow(/callId must be 0x and 32 bytes/);
});
