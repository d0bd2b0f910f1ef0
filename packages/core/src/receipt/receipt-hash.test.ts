import fc from 'fast-check';
import { expect, test } from 'vitest';
import { receiptDigest, receiptHash } from './receipt-hash.ts';
import { fill, SAMPLE_DOMAIN, sampleReceipt } from './sample.ts';
import type { Receipt } from './types.ts';

const UINTS = {
  kind: 8,
  mode: 8,
  attempt: 16,
  sourceSeq: 64,
  charged: 64,
  sourceSpent: 64,
  seq: 64,
  startedAt: 64,
  endedAt: 64,
  amount: 128,
} as const;
const IDS = [
  'callId',
  'refHash',
  'jobId',
  'tenantId',
  'sourceId',
  'providerId',
  'laneId',
  'channelId',
  'tariffId',
  'requestHash',
  'responseHash',
  'attestationHash',
  'detailHash',
] as const;

test('every field is in the hash', () => {
  const base = receiptHash(sampleReceipt());
  const changed: readonly Partial<Receipt>[] = [
    ...IDS.map((name) => ({ [name]: fill(0xee) })),
    ...Object.keys(UINTS)
      .filter((name) => name !== 'kind' && name !== 'mode')
      .map((name) => ({ [name]: 77n })),
    { kind: 2 },
    { mode: 1 },
    { lines: [] },
    { lines: [...sampleReceipt().lines].reverse() },
  ];
  const hashes = changed.map((change) => receiptHash(sampleReceipt(change)));
  expect(new Set([base, ...hashes]).size).toBe(changed.length + 1);
});

test.each(Object.entries(UINTS))('%s outside uint%i is refused', (name, bits) => {
  for (const bad of [2n ** BigInt(bits), -1n, 1.5, Number.NaN, '7', undefined]) {
    expect(() => receiptHash(sampleReceipt({ [name]: bad }))).toThrow(name);
  }
});

test.each(IDS)('%s that is not 32 bytes is refused', (name) => {
  for (const bad of ['0x', fill(1).slice(0, -2), `${fill(1)}00`, fill(0xab).toUpperCase(), 7, undefined]) {
    expect(() => receiptHash(sampleReceipt({ [name]: bad }))).toThrow(name);
  }
});

test('kinds and modes beyond the registry are refused, and so are too many lines', () => {
  expect(() => receiptHash(sampleReceipt({ kind: 0 as 1 }))).toThrow(/kind/);
  expect(() => receiptHash(sampleReceipt({ kind: 5 as 1 }))).toThrow(/kind/);
  expect(() => receiptHash(sampleReceipt({ mode: 2 as 1 }))).toThrow(/mode/);
  expect(() => receiptHash(sampleReceipt({ lines: Array(65).fill({ unit: 1, quantity: 1n, amount: 0n }) }))).toThrow(/at most 64/);
});

test('a line out of range is refused', () => {
  const bits = { unit: 16, quantity: 64, amount: 128 };
  fc.assert(
    fc.property(fc.constantFrom('unit', 'quantity', 'amount' as const), fc.bigInt({ min: 0n, max: 2n ** 200n }), (name, beyond) => {
      const line = { unit: 1, quantity: 1n, amount: 1n, [name]: 2n ** BigInt(bits[name]) + beyond };
      expect(() => receiptHash(sampleReceipt({ lines: [line] }))).toThrow(`line.${name}`);
    }),
    { numRuns: 30 },
  );
});

test('the digest depends on the domain, the hash does not', () => {
  const receipt = sampleReceipt();
  const other = { ...SAMPLE_DOMAIN, chainId: 1n };
  expect(receiptDigest(receipt, SAMPLE_DOMAIN)).not.toBe(receiptDigest(receipt, other));
});
