import { fromHex } from '../crypto/hex.ts';
import { keccak } from '../crypto/keccak.ts';
import { checkUint, Packer } from '../crypto/packer.ts';
import { TallyError } from '../errors.ts';
import type { Domain, Hex } from '../receipt/types.ts';

/** What one owner put in: `amount` of the source chain's credits, base units, for `recipient` on the destination chain. 0 = taken back; the place stays. */
export type ManifestEntry = { readonly owner: Hex; readonly recipient: Hex; readonly amount: bigint };

/** `levels[0]` are the leaves in the order of the entries, the last level is the root alone. */
export type ManifestTree = { readonly root: Hex; readonly total: bigint; readonly levels: readonly (readonly Hex[])[] };

/**
 * Names one migration: keccak-256(abi.encode(source chain id, MigrationManifest, destination chain id, MigrationClaims)).
 * @throws TallyError INPUT_INVALID
 */
export function manifestId(source: Domain, destination: Domain): Hex {
  return new Packer(4 * 32)
    .word(256, source.chainId, 'source.chainId')
    .address(source.verifyingContract, 'source.contract')
    .word(256, destination.chainId, 'destination.chainId')
    .address(destination.verifyingContract, 'destination.contract')
    .keccak();
}

/**
 * keccak-256(keccak-256(abi.encode(manifestId, index, owner, recipient, amount))): hashed twice, so that no node can be read as a leaf.
 * @throws TallyError INPUT_INVALID
 */
export function manifestLeaf(id: Hex, index: number, entry: ManifestEntry): Hex {
  const inner = new Packer(5 * 32)
    .bytes32(id, 'manifestId')
    .word(256, index, 'index')
    .address(entry.owner, 'owner')
    .address(entry.recipient, 'recipient')
    .word(128, entry.amount, 'amount')
    .keccak();
  return keccak(fromHex(inner, 32));
}

/** keccak-256 of both, the smaller first, as OpenZeppelin's `MerkleProof` does: a proof needs no sides. Both are lower-case hex of one length, which sorts as the numbers do. */
function node(left: Hex, right: Hex): Hex {
  const [first, second] = left < right ? [left, right] : [right, left];
  return new Packer(64).bytes32(first, 'node').bytes32(second, 'node').keccak();
}

/**
 * The tree over all entries, in their order; the odd node at the end of a level goes up as it is. It is what `MigrationManifest` tallies.
 * @throws TallyError INPUT_INVALID, also where there is no entry or the amounts pass 128 bits.
 */
export function manifestTree(id: Hex, entries: readonly ManifestEntry[]): ManifestTree {
  if (entries.length === 0) throw new TallyError('INPUT_INVALID', 'A manifest has at least one entry.');
  const total = checkUint(
    128,
    entries.reduce((sum, entry) => sum + entry.amount, 0n),
    'total',
  );
  const levels: Hex[][] = [entries.map((entry, index) => manifestLeaf(id, index, entry))];
  for (let below = levels[0] as Hex[]; below.length > 1; below = levels.at(-1) as Hex[]) {
    const above: Hex[] = [];
    for (let at = 0; at < below.length; at += 2) {
      const [left, right] = [below[at] as Hex, below[at + 1]];
      above.push(right === undefined ? left : node(left, right));
    }
    levels.push(above);
  }
  return { root: levels.at(-1)?.[0] as Hex, total, levels };
}

/** @returns what `MigrationClaims.claim` takes: the siblings from the leaf up. @throws TallyError INPUT_INVALID where there is no entry `index`. */
export function proveEntry(tree: ManifestTree, index: number): readonly Hex[] {
  const count = tree.levels[0]?.length ?? 0;
  if (!Number.isSafeInteger(index) || index < 0 || index >= count) {
    throw new TallyError('INPUT_INVALID', 'The manifest has no such entry.', { index, count });
  }
  const proof: Hex[] = [];
  let at = index;
  for (const level of tree.levels) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) proof.push(sibling);
    at >>>= 1;
  }
  return proof;
}

/** Whether `entry` is number `index` of the manifest `id` with this root. @throws TallyError INPUT_INVALID on malformed values. */
export function verifyEntry(id: Hex, root: Hex, index: number, entry: ManifestEntry, proof: readonly Hex[]): boolean {
  return proof.reduce(node, manifestLeaf(id, index, entry)) === root;
}
