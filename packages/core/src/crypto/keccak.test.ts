import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, it } from 'vitest';
import { keccak, useKeccak } from './keccak.ts';

const EMPTY = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';

it('takes another implementation of the same function', () => {
  let used = 0;
  useKeccak((bytes) => {
    used += 1;
    return keccak_256(bytes);
  });
  const before = used;
  expect(keccak(new Uint8Array())).toBe(EMPTY);
  expect(used).toBe(before + 1);
});

it('refuses one that differs at any length, and stays as it was', () => {
  expect(() => useKeccak(() => new Uint8Array(32))).toThrow(/not keccak/);
  expect(() => useKeccak((bytes) => (bytes.length === 136 ? new Uint8Array(32) : keccak_256(bytes)))).toThrow(/not keccak/);
  expect(keccak(new Uint8Array())).toBe(EMPTY);
});
