import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frontier, inclusionPath, leafHash, verifyInclusion } from './merkle.ts';

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

describe('the tree of RFC 6962', () => {
  it('has the reference roots', () => {
    const frontier = new Frontier();
    const roots = [frontier.root()];
    for (const entry of ENTRIES) {
      frontier.add(leafHash(entry));
      roots.push(frontier.root());
    }
    expect(roots).toEqual(ROOTS);
  });

  it('proves each entry of each size, and nothing else', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), (size, pick, other) => {
        const entries = Array.from({ length: size }, (_, i) => Buffer.from(`entry ${i}`));
        const frontier = new Frontier();
        for (const entry of entries) frontier.add(leafHash(entry));
        const index = pick % size;
        const proof = { index, size, path: inclusionPath(entries.map(leafHash), index), root: frontier.root() };
        expect(verifyInclusion(entries[index] as Buffer, proof)).toBe(true);
        expect(verifyInclusion(Buffer.from('another'), proof)).toBe(false);
        expect(verifyInclusion(entries[index] as Buffer, { ...proof, path: [...proof.path, ROOTS[0] as string] })).toBe(false);
        const elsewhere = other % size;
        if (elsewhere !== index) expect(verifyInclusion(entries[index] as Buffer, { ...proof, index: elsewhere })).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('refuses indices that are none', () => {
    for (const index of [-1, 1, 0.5, Number.NaN]) {
      expect(verifyInclusion(ENTRIES[0] as Buffer, { index, size: 1, path: [], root: ROOTS[1] as string })).toBe(false);
    }
  });
});
