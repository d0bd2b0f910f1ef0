import { createHash } from 'node:crypto';

/** RFC 6962, section 2.1: leaf = SHA-256(0x00 ‖ entry), node = SHA-256(0x01 ‖ left ‖ right); a tree splits at the largest power of two below its size. */
const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

export function leafHash(entry: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF).update(entry).digest();
}

function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(NODE).update(left).update(right).digest();
}

/** The tree of a growing log in O(log n) memory: the roots of its full subtrees, largest first. */
export class Frontier {
  #size = 0;
  readonly #roots: Buffer[] = [];

  get size(): number {
    return this.#size;
  }

  /** @param leaf a `leafHash`. */
  add(leaf: Buffer): void {
    let hash = leaf;
    for (let n = this.#size; n % 2 === 1; n = (n - 1) / 2) hash = nodeHash(this.#roots.pop() as Buffer, hash);
    this.#roots.push(hash);
    this.#size++;
  }

  /** The root of all leaves so far, hex; of no leaves: SHA-256 of nothing. */
  root(): string {
    const [last, ...rest] = this.#roots.toReversed();
    if (last === undefined) return createHash('sha256').digest('hex');
    return rest.reduce((right, left) => nodeHash(left, right), last).toString('hex');
  }
}

/** Audit path of leaf `index` in the tree over `leaves` (RFC 6962, section 2.1.1), from the leaf up; hex. */
export function inclusionPath(leaves: readonly Buffer[], index: number): string[] {
  if (leaves.length <= 1) return [];
  const split = largestPowerBelow(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...inclusionPath(left, index), rootOf(right).toString('hex')]
    : [...inclusionPath(right, index - split), rootOf(left).toString('hex')];
}

export type InclusionProof = { readonly index: number; readonly size: number; readonly path: readonly string[]; readonly root: string };

/** True where `entry` (the exact bytes of the log's line, without its line end) stands at `index` in the log of `size` lines with `root`. */
export function verifyInclusion(entry: Uint8Array, proof: InclusionProof): boolean {
  const { index, size, path, root } = proof;
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  let hash = leafHash(entry);
  let [at, last] = [index, size - 1];
  for (const step of path) {
    if (last === 0 || !/^[0-9a-f]{64}$/.test(step)) return false;
    const sibling = Buffer.from(step, 'hex');
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      // A last leaf without a right neighbour climbs until it has a left one.
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && hash.toString('hex') === root;
}

function rootOf(leaves: readonly Buffer[]): Buffer {
  const frontier = new Frontier();
  for (const leaf of leaves) frontier.add(leaf);
  return Buffer.from(frontier.root(), 'hex');
}

function largestPowerBelow(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}
