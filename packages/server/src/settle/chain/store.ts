import { join } from 'node:path';
import { type Hex, TallyError } from '@tallystick/core';
import { AppendFile, walkLines } from '#ground/append-file';
import { ensurePrivateFolder, readFileIfThere, sweepTemporaries, writeDurable } from '#ground/files';
import type { RawLog } from './reads.ts';

/** Final blocks `from` … `to` without a gap, and all logs in them. `hash` is that of `to`. */
export type FinalBatch = { readonly from: bigint; readonly to: bigint; readonly hash: Hex; readonly logs: readonly RawLog[] };

/** The books as they stood after the batch that ends with `to`. */
export type Snapshot<Books = unknown> = { readonly version: number; readonly to: bigint; readonly hash: Hex; readonly books: Books };

/** Where the watcher keeps what is final. An append is durable when it resolves, and is there whole or not at all. */
export type ChainStore = {
  /**
   * @param unpack makes books of a snapshot's; where it throws, the snapshot is passed over, as one of another version is.
   * @returns the latest snapshot; `onBatch` is called with every batch after it, in order.
   */
  load<Books>(version: number, unpack: (packed: unknown) => Books, onBatch: (batch: FinalBatch) => void): Promise<Snapshot<Books> | null>;
  append(batch: FinalBatch): Promise<void>;
  snapshot(snapshot: Snapshot): Promise<void>;
  close(): Promise<void>;
};

const LINE_BYTES_MAX = 256 * 1024 * 1024;

type Line = {
  readonly from: string;
  readonly to: string;
  readonly hash: Hex;
  readonly logs: readonly (readonly [string, string, Hex, Hex, Hex, ...Hex[]])[];
};
type SnapshotFile = {
  readonly version: number;
  readonly deployment: string;
  readonly bytes: number;
  readonly to: string;
  readonly hash: Hex;
  readonly books: unknown;
};

/**
 * A journal that only grows, one line for each batch, and beside it the latest snapshot. The journal alone is enough: a snapshot only saves time.
 * @param deployment what the books are of (chain, addresses); a folder of another deployment is refused.
 */
export async function openFileStore(folder: string, deployment: string): Promise<ChainStore> {
  await ensurePrivateFolder(folder);
  await sweepTemporaries(folder);
  const journalPath = join(folder, 'events.jsonl');
  const snapshotPath = join(folder, 'books.json');
  const first = `${JSON.stringify({ deployment })}\n`;
  let head: string | null = null;
  const { whole } = walkLines(journalPath, LINE_BYTES_MAX, (line, offset) => {
    if (offset === 0) head = `${line.toString('utf8')}\n`;
  });
  const isOurs = head === first;
  // A first line alone is nobody's books.
  const isEmpty = head === null || whole === Buffer.byteLength(head);
  if (!isOurs && !isEmpty) throw new TallyError('CHAIN_BOOKS_WRONG', 'The stored books are of another deployment.');
  const file = await AppendFile.open(journalPath, isOurs ? whole : 0);
  try {
    if (!isOurs) await file.append(Buffer.from(first));
  } catch (error) {
    await file.close();
    throw error;
  }
  return {
    load: async (version, unpack, onBatch) => {
      const found = readSnapshot(snapshotPath, version, deployment, unpack);
      if (found !== null && found.bytes > file.size)
        throw new TallyError('CHAIN_BOOKS_WRONG', 'The journal of the chain is shorter than it was.');
      const skip = Math.max(first.length, found?.bytes ?? 0);
      walkLines(journalPath, LINE_BYTES_MAX, (line, offset) => {
        if (offset >= skip) onBatch(batchOf(line));
      });
      return found?.snapshot ?? null;
    },
    append: (batch) => file.append(Buffer.from(`${JSON.stringify(lineOf(batch))}\n`)),
    snapshot: async ({ version, to, hash, books }) => {
      const body: SnapshotFile = { version, deployment, bytes: file.size, to: to.toString(), hash, books };
      await writeDurable(snapshotPath, JSON.stringify(body));
    },
    close: () => file.close(),
  };
}

/** A snapshot only saves time, so one that is damaged is none: the journal has all that it says. */
function readSnapshot<Books>(
  path: string,
  version: number,
  deployment: string,
  unpack: (packed: unknown) => Books,
): { readonly bytes: number; readonly snapshot: Snapshot<Books> } | null {
  const bytes = readFileIfThere(path);
  if (bytes === null) return null;
  try {
    const found = JSON.parse(bytes.toString('utf8')) as SnapshotFile;
    if (found.version !== version || found.deployment !== deployment) return null;
    if (!Number.isSafeInteger(found.bytes) || !/^0x[0-9a-f]{64}$/.test(found.hash)) return null;
    return { bytes: found.bytes, snapshot: { version, to: BigInt(found.to), hash: found.hash, books: unpack(found.books) } };
  } catch {
    return null;
  }
}

function lineOf({ from, to, hash, logs }: FinalBatch): Line {
  const packed = logs.map((log) => [log.block.toString(), log.index.toString(), log.tx, log.address, log.data, ...log.topics] as const);
  return { from: from.toString(), to: to.toString(), hash, logs: packed };
}

function batchOf(bytes: Buffer): FinalBatch {
  try {
    const { from, to, hash, logs } = JSON.parse(bytes.toString('utf8')) as Line;
    const unpacked = logs.map(([block, index, tx, address, data, ...topics]) => {
      return { block: BigInt(block), index: Number(index), tx, address, data, topics };
    });
    return { from: BigInt(from), to: BigInt(to), hash, logs: unpacked };
  } catch {
    throw new TallyError('CHAIN_BOOKS_WRONG', 'A line of the journal of the chain cannot be read.');
  }
}
