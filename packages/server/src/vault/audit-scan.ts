import type { AuditEntry } from '@tallystick/core';
import { walkLines } from '#ground/append-file';
import { decodeLine, LINE_BYTES_MAX, type LineCodec } from './audit-entry.ts';
import { type Checkpoint, readCheckpoints, verifyCheckpoint } from './checkpoints.ts';
import { Frontier, leafHash } from './merkle.ts';

export type LogHead = { readonly size: number; readonly root: string };

export type ScanOptions = {
  readonly logPath: string;
  readonly checkpointsPath: string;
  readonly vaultId: string;
  readonly codec: LineCodec;
  /** What the vault's header vouches for: the lines of former masters, whose MACs can no longer be checked one by one. */
  readonly base: LogHead;
  /** What the anchor outside of this folder saw last; null where there is no anchor. */
  readonly anchored: LogHead | null;
  /** Called for every line that is sound by itself, in order. */
  readonly visit: (entry: AuditEntry, leaf: Buffer, offset: number) => void;
};

export type Scan = {
  readonly frontier: Frontier;
  /** Whole lines; what lies beyond was never acknowledged. */
  readonly bytes: number;
  readonly tornBytes: number;
  readonly checkpointBytes: number;
  readonly lastCheckpoint: Checkpoint | null;
  readonly problems: readonly string[];
};

/** More are counted, not listed. */
const PROBLEMS_MAX = 100;

/**
 * Reads the whole log and checks it: every line's form, number and MAC; the tree's root at each signed checkpoint, at the header's
 * base and at the anchor; each checkpoint's signature by the key that the log names for it.
 */
export function scanLog(options: ScanOptions): Scan {
  const problems: string[] = [];
  const add = (problem: string) => {
    if (problems.length < PROBLEMS_MAX) problems.push(problem);
  };
  const read = readCheckpoints(options.checkpointsPath);
  for (const problem of read.problems) add(problem);
  const expected = expectations(options, read.checkpoints);
  const signers = new Map<string, string>();
  const frontier = new Frontier();
  const check = () => {
    for (const { root, by } of expected.get(frontier.size) ?? []) {
      if (root !== frontier.root()) add(`the log’s first ${frontier.size} lines are not those that ${by} saw`);
    }
  };
  check();
  const lines = walkLines(options.logPath, LINE_BYTES_MAX, (line, offset) => {
    const index = frontier.size;
    const decoded = decodeLine(line);
    const leaf = leafHash(line);
    frontier.add(leaf);
    if (decoded === null || decoded.entry.seq !== index) add(`line ${index} is not entry ${index}`);
    else if (index >= options.base.size && !options.codec.isGenuine(decoded)) add(`entry ${index} was not written by this vault`);
    else {
      collectSigner(decoded.entry, signers);
      options.visit(decoded.entry, leaf, offset);
    }
    check();
  });
  for (const [size, roots] of expected) {
    if (size > frontier.size) add(`the log has ${frontier.size} lines, ${roots[0]?.by} saw ${size}`);
  }
  for (const checkpoint of read.checkpoints) {
    const key = signers.get(checkpoint.kek);
    if (key === undefined || !verifyCheckpoint(checkpoint, options.vaultId, key))
      add(`the checkpoint at ${checkpoint.size} is not signed by this vault`);
  }
  return {
    frontier,
    bytes: lines.whole,
    tornBytes: lines.torn,
    checkpointBytes: read.whole,
    lastCheckpoint: read.checkpoints.at(-1) ?? null,
    problems,
  };
}

type Expected = { readonly root: string; readonly by: string };

function expectations(options: ScanOptions, checkpoints: readonly LogHead[]): Map<number, Expected[]> {
  const expected = new Map<number, Expected[]>();
  const expect = (head: LogHead, by: string) => expected.set(head.size, [...(expected.get(head.size) ?? []), { root: head.root, by }]);
  if (options.base.size > 0) expect(options.base, 'the vault’s header');
  for (const checkpoint of checkpoints) expect(checkpoint, `the checkpoint at ${checkpoint.size}`);
  if (options.anchored !== null) expect(options.anchored, 'the anchor');
  return expected;
}

/** A master's first entry names the key that signs its checkpoints; it was itself covered by the master before it. */
function collectSigner(entry: AuditEntry, signers: Map<string, string>): void {
  const { kek, signer } = entry.data;
  if (entry.kind !== 'vault.created' && entry.kind !== 'master.rotating') return;
  if (typeof kek === 'string' && typeof signer === 'string') signers.set(kek, signer);
}
