import { closeSync, openSync, readFileSync } from 'node:fs';
import { rename, stat, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Database, openArchiveWriter, openReader } from '#ground/database';
import { ensurePrivateFolder, hashFile, listFolder, renameDurable, syncFile } from '#ground/files';
import { LedgerFault } from '../fault.ts';
import { monthName } from '../months.ts';
import type { ArchiveEngine } from './choose.ts';
import { archivePath } from './file-name.ts';
import { headerOf } from './seal-file.ts';
import type { ArchiveDraft } from './types.ts';
import { verifyArchiveFile } from './verify-file.ts';
import { type Writing, writeMonth } from './write.ts';

const PART = '.part';

/**
 * Writes a month's archive, verifies it, and puts it in its place; on disk when it resolves. A crash leaves a part, which the next try throws
 * away, or a whole file that nothing names, which the next try writes anew.
 * @throws LedgerFault TAMPERED where the books' own rows do not verify
 */
export async function makeFile(folder: string, writing: Writing, engine: ArchiveEngine): Promise<ArchiveDraft> {
  await ensurePrivateFolder(folder);
  for (const name of listFolder(folder)) if (name.endsWith(PART)) await unlink(join(folder, name));
  const path = archivePath(folder, writing.bookId, writing.month);
  const part = `${path}${PART}`;
  closeSync(openSync(part, 'wx', 0o600));
  const db = openArchiveWriter(part);
  let contents: Awaited<ReturnType<typeof writeMonth>>;
  try {
    db.exec(readFileSync(new URL('./archive.sql', import.meta.url), 'utf8'));
    contents = await writeMonth(engine, db, writing);
    db.exec(readFileSync(new URL('./indexes.sql', import.meta.url), 'utf8'));
  } finally {
    db.close();
  }
  await syncFile(part);
  await verifyPart(part, writing);
  const fileHash = (await hashFile(part)) as string;
  const { size: bytes } = await stat(part);
  await setAside(path, part, writing);
  await renameDurable(part, path);
  return { ...contents, fileHash, bytes, previousMac: writing.before.mac };
}

async function verifyPart(part: string, { key, month }: Writing): Promise<void> {
  const { findings } = await read(part, (db) => verifyArchiveFile(db, key));
  const [first] = findings;
  if (first === undefined) return;
  throw new LedgerFault('TAMPERED', `The rows of ${monthName(month)} do not verify, so they are not archived: ${first}.`, {
    findings: findings.length,
  });
}

/** A file that is there already was left by a crash, and is the same; if not, it belongs to other books than these have become, and is kept. */
async function setAside(path: string, part: string, { key }: Writing): Promise<void> {
  const hash = await hashFile(path);
  if (hash === null) return;
  const contents = (file: string) =>
    read(file, async (db) => JSON.stringify(headerOf(db, key), (_, v) => (typeof v === 'bigint' ? `${v}` : v)));
  const same = await contents(path).then(
    async (theirs) => theirs === (await contents(part)),
    () => false,
  );
  if (!same) await rename(path, join(path, '..', `${basename(path, '.db')}.${hash.slice(0, 16)}.set-aside`));
}

async function read<T>(file: string, use: (db: Database) => Promise<T>): Promise<T> {
  const db = openReader(file);
  try {
    return await use(db);
  } finally {
    db.close();
  }
}
