import { verifyConsistency, verifyInclusion } from '@tallystick/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogProofs } from './log-proofs.ts';
import { Frontier, leafHash } from './merkle.ts';

/** The entries and roots of the reference tests of Certificate Transparency (RFC 6962). */
const ENTRIES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((hex) =>
  Buffer.from(hex, 'hex'),
);
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

function treeOf(entries: readonly Buffer[]): { readonly roots: readonly string[]; readonly proofs: LogProofs } {
  const [frontier, proofs] = [new Frontier(), new LogProofs()];
  const roots = [frontier.root()];
  for (const entry of entries) {
    frontier.add(leafHash(entry));
    proofs.add(entry);
    roots.push(frontier.root());
  }
  return { roots, proofs };
}

const entriesOf = (size: number) => Array.from({ length: size }, (_, i) => Buffer.from(`entry ${i}`));

describe('the tree of RFC 9162', () => {
  it('has the reference roots, at each size', () => {
    const { roots, proofs } = treeOf(ENTRIES);
    expect(roots).toEqual(ROOTS);
    expect(ROOTS.slice(1).map((_, i) => proofs.root(i + 1))).toEqual(ROOTS.slice(1));
  });

  it('has the reference proofs of consistency', () => {
    const { proofs } = treeOf(ENTRIES);
    const known: [number, number, string[]][] = [
      [1, 1, []],
      [
        1,
        8,
        [
          '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
          '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
          '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
        ],
      ],
      [
        6,
        8,
        [
          '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
          'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
          'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
        ],
      ],
    ];
    for (const [earlier, size, path] of known) expect(proofs.consistency(earlier, size)).toEqual(path);
  });

  it('proves each entry of each size, and nothing else', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), (size, pick, other) => {
        const entries = entriesOf(size + 5);
        const { roots, proofs } = treeOf(entries);
        const index = pick % size;
        const proof = { index, size, path: proofs.inclusion(index, size), root: roots[size] as string };
        expect(verifyInclusion(entries[index] as Buffer, proof)).toBe(true);
        expect(verifyInclusion(Buffer.from('another'), proof)).toBe(false);
        expect(verifyInclusion(entries[index] as Buffer, { ...proof, path: [...proof.path, ROOTS[0] as string] })).toBe(false);
        const elsewhere = other % size;
        if (elsewhere !== index) expect(verifyInclusion(entries[index] as Buffer, { ...proof, index: elsewhere })).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('proves that every log begins with each earlier one, and with no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), (size, pick, changed) => {
        const entries = entriesOf(size);
        const earlierSize = 1 + (pick % size);
        const { roots, proofs } = treeOf(entries);
        const proof = {
          earlierSize,
          earlierRoot: roots[earlierSize] as string,
          size,
          root: roots[size] as string,
          path: proofs.consistency(earlierSize, size),
        };
        expect(verifyConsistency(proof)).toBe(true);
        // One entry was another when the reader looked: no path leads from that root to this one.
        const rewritten = entries.map((entry, i) => (i === changed % earlierSize ? Buffer.from('rewritten') : entry));
        expect(verifyConsistency({ ...proof, earlierRoot: treeOf(rewritten).roots[earlierSize] as string })).toBe(false);
        expect(verifyConsistency({ ...proof, root: treeOf(rewritten).roots[size] as string })).toBe(false);
        expect(verifyConsistency({ ...proof, path: [...proof.path, ROOTS[1] as string] })).toBe(false);
        if (proof.path.length > 0) expect(verifyConsistency({ ...proof, path: proof.path.slice(1) })).toBe(false);
        if (earlierSize > 1) expect(verifyConsistency({ ...proof, earlierSize: earlierSize - 1 })).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  it('every log begins with the empty one', () => {
    const [empty, one] = ROOTS as [string, string];
    const proof = { earlierSize: 0, earlierRoot: empty, size: 1, root: one, path: [] };
    expect(verifyConsistency(proof)).toBe(true);
    expect(verifyConsistency({ ...proof, earlierRoot: one })).toBe(false);
    expect(verifyConsistency({ ...proof, path: [one] })).toBe(false);
  });

  it('refuses numbers and hashes that are none', () => {
    const root = ROOTS[1] as string;
    for (const index of [-1, 1, 0.5, Number.NaN]) {
      expect(verifyInclusion(ENTRIES[0] as Buffer, { index, size: 1, path: [], root })).toBe(false);
      expect(verifyConsistency({ earlierSize: index, earlierRoot: root, size: 0, root, path: [] })).toBe(false);
    }
    const path = ['ab'];
    expect(verifyInclusion(ENTRIES[0] as Buffer, { index: 0, size: 2, path, root })).toBe(false);
    expect(verifyConsistency({ earlierSize: 1, earlierRoot: root, size: 2, root, path })).toBe(false);
  });
});
