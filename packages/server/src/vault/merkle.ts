import { createHash } from 'node:crypto';

/**
 * RFC 9162, section 2.1: leaf = SHA-256(0x00 ‖ entry), node = SHA-256(0x01 ‖ left ‖ right); a tree splits at the largest power of two below
 * its size. What verifies is in core (`verifyInclusion`, `verifyConsistency`); here is what makes, with the platform's faster hash.
 */
const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

export function leafHash(entry: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF).update(entry).digest();
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
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
