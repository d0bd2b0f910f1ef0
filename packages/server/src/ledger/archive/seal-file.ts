import { createHmac, type KeyObject } from 'node:crypto';
import type { Database, SqlRow } from '#ground/database';
import { free } from '../chain.ts';
import type { ArchiveContents, Checkpoint } from './types.ts';

export const FORMAT = 'tally-archive/1';

/** What a file says of itself, as it stands in its table `archive`. */
export type FileHeader = {
  readonly bookId: string;
  readonly month: number;
  readonly before: Checkpoint;
  readonly after: ArchiveContents;
  /** Whether the seal is ours. */
  readonly isSealed: boolean;
};

export function sealFile(db: Database, { bookId, month, before, key }: Sealing, contents: ArchiveContents): void {
  const texts = { before: JSON.stringify(before), after: JSON.stringify(contents, bigintText) };
  const add = db.prepare('INSERT INTO archive (format, book_id, month, before, after, seal) VALUES (?, ?, ?, ?, ?, ?)');
  add.run(FORMAT, bookId, month, texts.before, texts.after, fileSeal(key, bookId, month, texts));
}

type Sealing = { readonly bookId: string; readonly month: number; readonly before: Checkpoint; readonly key: KeyObject };

/** @returns null where the file is no archive. */
export function headerOf(db: Database, key: KeyObject): FileHeader | null {
  const there = db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'archive'").get() as SqlRow;
  const row = there.n === 0n ? undefined : (db.prepare('SELECT * FROM archive').get() as SqlRow | undefined);
  if (row === undefined || row.format !== FORMAT) return null;
  const bookId = row.book_id as string;
  const month = Number(row.month);
  const texts = { before: row.before as string, after: row.after as string };
  const after = JSON.parse(texts.after, laneNumbers) as ArchiveContents;
  const isSealed = fileSeal(key, bookId, month, texts) === row.seal && after.month === month;
  return { bookId, month, before: JSON.parse(texts.before) as Checkpoint, after, isSealed };
}

function fileSeal(key: KeyObject, bookId: string, month: number, { before, after }: { before: string; after: string }): string {
  return createHmac('sha256', key)
    .update(`tally-archive-file/1|${month}|${free(bookId)}${free(before)}${free(after)}`)
    .digest('hex');
}

/** JSON has no integers of 64 bits: the numbers of lanes are texts in it. */
function bigintText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function laneNumbers(name: string, value: unknown): unknown {
  return name === 'laneNo' || name === 'seqFrom' || name === 'seqTo' ? BigInt(value as string) : value;
}
