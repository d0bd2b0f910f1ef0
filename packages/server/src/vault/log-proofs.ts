import { leafHash, nodeHash } from './merkle.ts';

const HASH_BYTES = 32;

/** Hashes, one after the other in one piece of memory: as objects they would take several times as much. */
class Hashes {
  #bytes = Buffer.alloc(64 * HASH_BYTES);
  count = 0;

  push(hash: Buffer): void {
    if ((this.count + 1) * HASH_BYTES > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)]);
    hash.copy(this.#bytes, this.count * HASH_BYTES);
    this.count++;
  }

  at(index: number): Buffer {
    return this.#bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  }
}

/**
 * The tree of a log with all its whole subtrees, so that a path costs a few hashes and not a reading of the log: between 64 and 128 bytes of
 * memory for each entry. Made when the first proof is asked for.
 */
export class LogProofs {
  /** `levels[k]`: the roots of the whole subtrees of 2^k leaves, in order. */
  readonly #levels: Hashes[] = [new Hashes()];

  get size(): number {
    return this.#level(0).count;
  }

  /** @param line the exact bytes of the log's next line, without its line end. */
  add(line: Uint8Array): void {
    let hash = leafHash(line);
    for (let k = 0; ; k++) {
      const level = this.#level(k);
      level.push(hash);
      if (level.count % 2 === 1) return;
      hash = nodeHash(level.at(level.count - 2), hash);
    }
  }

  /** The root of the first `size` leaves, of which there is at least one; hex. */
  root(size: number): string {
    return this.#range(0, size).toString('hex');
  }

  /** Audit path of leaf `index` in the tree of the first `size` leaves (RFC 9162, section 2.1.3), from the leaf up; hex. */
  inclusion(index: number, size: number): string[] {
    const path: Buffer[] = [];
    let [from, to] = [0, size];
    while (to - from > 1) {
      const split = from + largestPowerBelow(to - from);
      path.push(index < split ? this.#range(split, to) : this.#range(from, split));
      [from, to] = index < split ? [from, split] : [split, to];
    }
    return path.reverse().map((hash) => hash.toString('hex'));
  }

  /** That the first `earlier` leaves, of which there is at least one, are the beginning of the first `size` (section 2.1.4); hex. */
  consistency(earlier: number, size: number): string[] {
    if (earlier === size) return [];
    const path: Buffer[] = [];
    let [from, to] = [0, size];
    while (earlier < to) {
      const split = from + largestPowerBelow(to - from);
      path.push(earlier <= split ? this.#range(split, to) : this.#range(from, split));
      [from, to] = earlier <= split ? [from, split] : [split, to];
    }
    // The reader has the earlier root itself; where that is the subtree that is left, it is not said again.
    if (from > 0) path.push(this.#range(from, to));
    return path.reverse().map((hash) => hash.toString('hex'));
  }

  /** The root of the leaves from `from` to before `to`. Every range of a tree begins at a multiple of the power of two that covers it. */
  #range(from: number, to: number): Buffer {
    const count = to - from;
    const k = Math.floor(Math.log2(count));
    if (2 ** k === count) return this.#level(k).at(from / count);
    const split = from + largestPowerBelow(count);
    return nodeHash(this.#range(from, split), this.#range(split, to));
  }

  #level(k: number): Hashes {
    const level = this.#levels[k] ?? new Hashes();
    this.#levels[k] = level;
    return level;
  }
}

function largestPowerBelow(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}
