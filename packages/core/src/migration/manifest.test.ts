/** The hashes of manifests, made a second time with viem, and frozen in vectors/migration.json, which the contracts are tested against too. */
import { encodeAbiParameters, type Hex, keccak256 } from 'viem';
import { describe, expect, test } from 'vitest';
import { TallyError } from '../errors.ts';
import { fill, SAMPLE_DOMAIN } from '../receipt/sample.ts';
import { encodeManifest, MANIFEST_FORMAT, makeManifest, parseManifest } from './manifest.ts';
import { type ManifestEntry, manifestId, manifestLeaf, manifestTree, proveEntry, verifyEntry } from './manifest-tree.ts';

const DESTINATION = { chainId: 8_453n, verifyingContract: `0x${'d0'.repeat(20)}` as Hex };
const ID = manifestId(SAMPLE_DOMAIN, DESTINATION);

const address = (byte: number) => fill(byte).slice(0, 42) as Hex;
const entryOf = (i: number): ManifestEntry => ({ owner: address(0x10 + i), recipient: address(0x60 + i), amount: BigInt(i) * 1_000_001n });
const entriesOf = (count: number) => Array.from({ length: count }, (_, i) => entryOf(i + 1));
const manifestOf = (count: number) => makeManifest({ source: SAMPLE_DOMAIN, destination: DESTINATION, entries: entriesOf(count) });
const jsonOf = (count: number) => JSON.parse(JSON.stringify(encodeManifest(manifestOf(count))));

/** By its definition, with viem: the smaller child first, the odd one goes up. */
function rootOf(level: readonly Hex[]): Hex {
  if (level.length === 1) return level[0] as Hex;
  const above: Hex[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const pair = level.slice(i, i + 2).toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
    const words = [{ type: 'bytes32' }, { type: 'bytes32' }] as const;
    above.push(pair.length === 1 ? (pair[0] as Hex) : keccak256(encodeAbiParameters(words, pair as [Hex, Hex])));
  }
  return rootOf(above);
}

function leafOf(index: number, { owner, recipient, amount }: ManifestEntry): Hex {
  const types = ['bytes32', 'uint256', 'address', 'address', 'uint128'].map((type) => ({ type }));
  return keccak256(keccak256(encodeAbiParameters(types, [ID, BigInt(index), owner, recipient, amount])));
}

test('ids, leaves, roots and proofs are those of viem, and frozen', async () => {
  const words = [{ type: 'uint256' }, { type: 'address' }, { type: 'uint256' }, { type: 'address' }] as const;
  const { chainId, verifyingContract } = SAMPLE_DOMAIN;
  expect(ID).toBe(keccak256(encodeAbiParameters(words, [chainId, verifyingContract, DESTINATION.chainId, DESTINATION.verifyingContract])));
  const gone = entriesOf(6).map((entry, i) => (i === 2 ? { ...entry, amount: 0n } : entry));
  const largest = [{ owner: address(0xff), recipient: address(0xff), amount: 2n ** 128n - 1n }];
  const lists = [...[1, 2, 3, 4, 5, 7, 8, 13].map(entriesOf), gone, largest];
  const manifests = lists.map((entries) => {
    const manifest = makeManifest({ source: SAMPLE_DOMAIN, destination: DESTINATION, entries });
    const tree = manifestTree(ID, entries);
    const leaves = entries.map((entry, index) => leafOf(index, entry));
    expect(tree.levels[0]).toEqual(leaves);
    expect(manifest.root).toBe(rootOf(leaves));
    const proofs = entries.map((_, index) => proveEntry(tree, index));
    for (const [index, entry] of entries.entries()) {
      expect(verifyEntry(ID, manifest.root, index, entry, proofs[index] as Hex[])).toBe(true);
    }
    return { manifest: encodeManifest(manifest), leaves, proofs };
  });
  await expect(`${JSON.stringify({ manifests }, null, 2)}\n`).toMatchFileSnapshot('../../vectors/migration.json');
});

describe('a proof', () => {
  const entries = entriesOf(7);
  const { root } = manifestTree(ID, entries);
  const proof = proveEntry(manifestTree(ID, entries), 3);
  const entry = entries[3] as ManifestEntry;

  test('holds for its own entry alone', () => {
    expect(verifyEntry(ID, root, 3, entry, proof)).toBe(true);
    expect(verifyEntry(ID, root, 2, entry, proof)).toBe(false);
    expect(verifyEntry(fill(1), root, 3, entry, proof)).toBe(false);
    expect(verifyEntry(ID, root, 3, { ...entry, amount: entry.amount + 1n }, proof)).toBe(false);
    expect(verifyEntry(ID, root, 3, { ...entry, recipient: entry.owner }, proof)).toBe(false);
    expect(verifyEntry(ID, root, 3, entry, proof.slice(1))).toBe(false);
    expect(verifyEntry(ID, root, 3, entry, proof.toReversed())).toBe(false);
  });

  test('is made only of entries that are there', () => {
    for (const index of [-1, 7, 0.5, Number.NaN]) expect(() => proveEntry(manifestTree(ID, entries), index)).toThrow(/no such entry/);
    expect(() => manifestTree(ID, [])).toThrow(/at least one/);
    expect(() => manifestLeaf(ID, 0, { ...entry, amount: 2n ** 128n })).toThrow(/amount/);
  });
});

describe('the JSON', () => {
  test('is read back as it was written', () => {
    const providers = [{ source: fill(1), destination: fill(2) }];
    const manifest = makeManifest({ source: SAMPLE_DOMAIN, destination: DESTINATION, entries: entriesOf(5), providers });
    expect(parseManifest(JSON.parse(JSON.stringify(encodeManifest(manifest))))).toEqual(manifest);
    const { providers: _, ...without } = jsonOf(2);
    expect(parseManifest(without).providers).toEqual([]);
  });

  test.each([
    ['format', { format: 'tallystick-manifest/2' }],
    ['root', { root: fill(1) }],
    ['manifestId', { manifestId: fill(1) }],
    ['total', { total: '1' }],
    ['total', { total: 5 }],
    ['source.chainId', { source: { chainId: '0x1', contract: address(1) } }],
    ['manifestId', { source: { chainId: '1', contract: address(1) } }],
    ['destination.contract', { destination: { chainId: '1', contract: '0xAB' } }],
    ['entries', { entries: [] }],
    ['root', { entries: jsonOf(2).entries.toReversed() }],
    ['entries.0.amount', { entries: [{ ...jsonOf(1).entries[0], amount: '-1' }] }],
    ['entries.1.owner', { entries: [jsonOf(1).entries[0], jsonOf(1).entries[0]] }],
    ['entries.0', { entries: [{ ...jsonOf(1).entries[0], recipient: address(0) }] }],
    ['providers', { providers: [1, 2].map((n) => ({ source: fill(9), destination: fill(n) })) }],
    ['its top', { more: 1 }],
  ])('is refused where %s is wrong', (field, change) => {
    const refuse = () => parseManifest({ ...jsonOf(2), ...change });
    expect(refuse).toThrow(TallyError);
    expect(refuse).toThrow(`at ${field}: `);
  });

  test('moves something, within 128 bits', () => {
    const none = { source: SAMPLE_DOMAIN, destination: DESTINATION, entries: [{ ...entryOf(1), amount: 0n }] };
    expect(() => makeManifest(none)).toThrow(/all amounts are 0/);
    const full = [entryOf(1), entryOf(2)].map((entry) => ({ ...entry, amount: 2n ** 127n }));
    expect(() => makeManifest({ ...none, entries: full })).toThrow(/total/);
    expect(jsonOf(1).format).toBe(MANIFEST_FORMAT);
  });
});
