import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../crypto/hex.ts';
import { proveLeaf, type SumProof, verifySumProof } from './merkle-proof.ts';
import { buildSumTree, type SumLeaf, type SumRoot, sumRoot } from './merkle-sum.ts';
import { fill } from './sample.ts';
import type { Hex } from './types.ts';

const LANE = fill(0x77);
const MAX_128 = 2n ** 128n - 1n;

const leaf: fc.Arbitrary<SumLeaf> = fc.record({
  receiptHash: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex),
  amount: fc.bigInt({ min: 0n, max: 2n ** 100n }),
});
const tree = fc
  .tuple(fc.array(leaf, { minLength: 1, maxLength: 20 }), fc.bigInt({ min: 0n, max: 2n ** 60n }))
  .map(([leaves, seqFrom]) => ({ leaves, tree: buildSumTree(LANE, seqFrom, leaves) }));

function flip(value: Hex, bit: number): Hex {
  const digits = (BigInt(value) ^ (1n << BigInt(bit))).toString(16).padStart(value.length - 2, '0');
  return `0x${digits}`;
}

test('every leaf of every tree has a proof that verifies, and the total is the sum', () => {
  fc.assert(
    fc.property(tree, ({ leaves, tree: built }) => {
      expect(built.total).toBe(leaves.reduce((sum, { amount }) => sum + amount, 0n));
      for (const [i, one] of leaves.entries()) expect(verifySumProof(built, one, proveLeaf(built, i))).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test('a proof with any part changed does not verify', () => {
  fc.assert(
    fc.property(tree, fc.nat(), fc.nat({ max: 255 }), ({ leaves, tree: built }, pick, bit) => {
      const index = pick % leaves.length;
      const own = leaves[index] as SumLeaf;
      const proof = proveLeaf(built, index);
      const root: SumRoot = built;
      const bad: readonly (readonly [SumRoot, SumLeaf, SumProof])[] = [
        [{ ...root, root: flip(root.root, bit) }, own, proof],
        [{ ...root, laneId: flip(root.laneId, bit) }, own, proof],
        [{ ...root, total: root.total + 1n }, own, proof],
        [{ ...root, count: root.count + 1 }, own, proof],
        [{ ...root, count: root.count - 1 }, own, proof],
        [{ ...root, seqFrom: root.seqFrom + 1n }, own, proof],
        [root, { ...own, receiptHash: flip(own.receiptHash, bit) }, proof],
        [root, { ...own, amount: own.amount + 1n }, proof],
        [root, own, { ...proof, index: index + 1 }],
        [root, own, { ...proof, index: index - 1 }],
        [root, own, { ...proof, path: [...proof.path, { hash: fill(1), sum: 0n }] }],
        ...proof.path.flatMap((node, i) => [
          [root, own, { ...proof, path: proof.path.with(i, { ...node, hash: flip(node.hash, bit) }) }] as const,
          [root, own, { ...proof, path: proof.path.with(i, { ...node, sum: node.sum + 1n }) }] as const,
          [root, own, { ...proof, path: proof.path.toSpliced(i, 1) }] as const,
        ]),
      ];
      for (const [r, l, p] of bad) expect(verifySumProof(r, l, p)).toBe(false);
    }),
    { numRuns: 40 },
  );
});

test('an odd node is promoted, not duplicated', () => {
  const leaves = [1n, 2n, 4n].map((amount, i) => ({ receiptHash: fill(i + 1), amount }));
  const three = buildSumTree(LANE, 0n, leaves);
  expect(three.total).toBe(7n);
  expect(proveLeaf(three, 2).path).toHaveLength(1);
  const doubled = buildSumTree(LANE, 0n, [...leaves, leaves[2] as SumLeaf]);
  expect(doubled.root).not.toBe(three.root);
  expect(buildSumTree(LANE, 0n, leaves.slice(0, 1)).top).toBe(three.levels[0]?.[0]?.hash);
});

test('the sum is checked: a tree that overflows is not built, a path that overflows does not verify', () => {
  const leaves = [
    { receiptHash: fill(1), amount: MAX_128 },
    { receiptHash: fill(2), amount: 0n },
  ];
  const full = buildSumTree(LANE, 0n, leaves);
  expect(full.total).toBe(MAX_128);
  expect(() => buildSumTree(LANE, 0n, leaves.with(1, { receiptHash: fill(2), amount: 1n }))).toThrow(/sum/);
  // A sibling of 2^128 − 1 beside an amount of 1 would wrap to 0.
  const wrapped = { ...full, total: 0n };
  expect(verifySumProof(wrapped, { receiptHash: fill(1), amount: 1n }, { index: 0, path: [{ hash: fill(2), sum: MAX_128 }] })).toBe(false);
});

test('empty trees, seqs beyond uint64 and leaves that are not there are refused', () => {
  expect(() => buildSumTree(LANE, 0n, [])).toThrow(/at least one leaf/);
  const two = [0, 1].map((i) => ({ receiptHash: fill(i), amount: 0n }));
  expect(buildSumTree(LANE, 2n ** 64n - 2n, two).count).toBe(2);
  expect(() => buildSumTree(LANE, 2n ** 64n - 1n, two)).toThrow(/uint64/);
  expect(() => sumRoot({ hash: fill(0), sum: 0n }, 2 ** 32, LANE, 0n)).toThrow(/count/);
  const built = buildSumTree(LANE, 0n, two);
  for (const index of [-1, 2, 0.5, Number.NaN]) {
    expect(() => proveLeaf(built, index)).toThrow(/no such leaf/);
    expect(verifySumProof(built, two[0] as SumLeaf, { index, path: [] })).toBe(false);
  }
  expect(verifySumProof(built, { receiptHash: '0x', amount: 0n }, proveLeaf(built, 0))).toBe(false);
});
