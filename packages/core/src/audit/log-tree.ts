import { concat } from '../crypto/bytes.ts';
import { sha256 } from '../crypto/sha256.ts';

/** The tree of an audit log, as RFC 9162 (and RFC 6962 before it) has it: leaf = SHA-256(0x00 ‖ entry), node = SHA-256(0x01 ‖ left ‖ right). */
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const HASH = /^[0-9a-f]{64}$/;

/** That an entry stands at `index` in the log of `size` entries with `root`. Hashes are hex without 0x. */
export type InclusionProof = { readonly index: number; readonly size: number; readonly path: readonly string[]; readonly root: string };

/** That the log of `size` entries with `root` begins with the log of `earlierSize` entries that had `earlierRoot`. */
export type ConsistencyProof = {
  readonly earlierSize: number;
  readonly earlierRoot: string;
  readonly size: number;
  readonly root: string;
  readonly path: readonly string[];
};

/**
 * True where `entry` (the exact bytes of the log's line, without its line end) stands where the proof says. Source: RFC 9162, section 2.1.3.2.
 * Whatever is malformed is false.
 */
export function verifyInclusion(entry: Uint8Array, { index, size, path, root }: InclusionProof): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  const siblings = hashes(path);
  if (siblings === null) return false;
  let hash = sha256(LEAF, entry);
  let [at, last] = [index, size - 1];
  for (const sibling of siblings) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      // A last leaf without a right neighbour climbs until it has a left one.
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && hex(hash) === root;
}

/**
 * True where nothing of the earlier log was changed, taken out or moved: the later one only has more entries. Source: RFC 9162, section
 * 2.1.4.2. An empty earlier log is the beginning of every log, and a log that has not grown must be the same: both with an empty path.
 */
export function verifyConsistency({ earlierSize, earlierRoot, size, root, path }: ConsistencyProof): boolean {
  if (!Number.isSafeInteger(earlierSize) || !Number.isSafeInteger(size) || earlierSize < 0 || earlierSize > size) return false;
  const given = hashes(path);
  if (given === null || !HASH.test(earlierRoot) || !HASH.test(root)) return false;
  if (earlierSize === 0) return given.length === 0 && earlierRoot === hex(sha256());
  if (earlierSize === size) return given.length === 0 && earlierRoot === root;
  // Where the earlier log is a whole subtree of the later one, its root is the path's first node.
  const [first, ...rest] = isPowerOfTwo(earlierSize) ? [bytes(earlierRoot), ...given] : given;
  if (first === undefined) return false;
  let [at, last] = [earlierSize - 1, size - 1];
  while (at % 2 === 1) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  let [early, late] = [first, first];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      [early, late] = [nodeHash(sibling, early), nodeHash(sibling, late)];
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      late = nodeHash(late, sibling);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && hex(early) === earlierRoot && hex(late) === root;
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(NODE, left, right));
}

function isPowerOfTwo(n: number): boolean {
  let odd = n;
  while (odd % 2 === 0) odd /= 2;
  return odd === 1;
}

function hashes(path: readonly string[]): Uint8Array[] | null {
  return path.every((hash) => HASH.test(hash)) ? path.map(bytes) : null;
}

function bytes(hash: string): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(hash.slice(2 * i, 2 * i + 2), 16));
}

function hex(hash: Uint8Array): string {
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
