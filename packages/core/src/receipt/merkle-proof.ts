import { TallyError } from '../errors.ts';
import { type SumLeaf, type SumNode, type SumRoot, type SumTree, sumLeaf, sumNode, sumRoot } from './merkle-sum.ts';

/** The siblings from the leaf up; a level where the node is promoted has none. */
export type SumProof = { readonly index: number; readonly path: readonly SumNode[] };

/** @throws TallyError INPUT_INVALID where the tree has no leaf `index`. */
export function proveLeaf(tree: SumTree, index: number): SumProof {
  if (!Number.isSafeInteger(index) || index < 0 || index >= tree.count) {
    throw new TallyError('INPUT_INVALID', 'The tree has no such leaf.', { index, count: tree.count });
  }
  const path: SumNode[] = [];
  let at = index;
  for (const level of tree.levels) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) path.push(sibling);
    at >>>= 1;
  }
  return { index, path };
}

/**
 * Whether `leaf` is leaf `proof.index` of the tree that `root` commits to. The shape follows from index and count alone, so a path has
 * exactly one admissible length, and every sum on the way is added with a check: no part of it can be chosen freely.
 * @returns false for whatever does not verify, malformed values included.
 */
export function verifySumProof(root: SumRoot, leaf: SumLeaf, proof: SumProof): boolean {
  if (!Number.isSafeInteger(root.count) || !Number.isSafeInteger(proof.index)) return false;
  if (proof.index < 0 || proof.index >= root.count) return false;
  try {
    const top = climb(sumLeaf(leaf), proof, root.count);
    return top !== null && top.sum === root.total && sumRoot(top, root.count, root.laneId, root.seqFrom) === root.root;
  } catch (error) {
    if (error instanceof TallyError && error.code === 'INPUT_INVALID') return false;
    throw error;
  }
}

/** @returns the top node, or null where the path is too long or too short. */
function climb(leaf: SumNode, proof: SumProof, count: number): SumNode | null {
  let node = leaf;
  let used = 0;
  for (let at = proof.index, width = count; width > 1; at = Math.floor(at / 2), width = Math.ceil(width / 2)) {
    const promoted = at === width - 1 && width % 2 === 1;
    if (promoted) continue;
    const sibling = proof.path[used++];
    if (sibling === undefined) return null;
    node = at % 2 === 0 ? sumNode(node, sibling) : sumNode(sibling, node);
  }
  return used === proof.path.length ? node : null;
}
