import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, type FileHandle, link, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A write that was cut short leaves its temporary behind under this name; `sweepTemporaries` shreds it at the next start. */
const TEMPORARY = /^\.tmp-[0-9a-f]{16}-/;
const OVERWRITES = 3;
const BLOCK_BYTES = 65_536;

/** Makes a folder (and its parents) that only its owner may enter, mode 0700; an existing one is narrowed to that. Durable when it resolves. */
export async function ensurePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
  await syncFolder(dirname(path));
}

/** @returns the file's bytes, or null where there is no such file. */
export function readFileIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** What tells a changed file from an unchanged one without reading it. The change time cannot be set by a program, unlike the modification time. */
export type FileStamp = { readonly inode: bigint; readonly size: bigint; readonly changedNs: bigint };

/** @returns null where there is no such file. One system call: cheap enough to ask before every use of a cached file. */
export function fileStamp(path: string): FileStamp | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : { inode: stat.ino, size: stat.size, changedNs: stat.ctimeNs };
}

export function sameStamp(a: FileStamp | null, b: FileStamp | null): boolean {
  return a !== null && b !== null && a.changedNs === b.changedNs && a.inode === b.inode && a.size === b.size;
}

/** True where group or others may read, write or enter. Always false where the platform keeps no such bits. */
export function isOpenToOthers(path: string): boolean {
  return process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0;
}

export function listFolder(path: string): string[] {
  return readdirSync(path).sort();
}

/**
 * Replaces a file whole, mode 0600: temporary, fsync, rename, fsync of the folder.
 * After a crash the file has either its old bytes or the new ones; when the promise resolves, it has the new ones for good.
 */
export async function writeDurable(path: string, data: Uint8Array | string): Promise<void> {
  const temporary = await writeTemporary(path, data);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** As `writeDurable`, but only where no such file is. @throws EEXIST. */
export async function createDurable(path: string, data: Uint8Array | string): Promise<void> {
  const temporary = await writeTemporary(path, data);
  try {
    await link(temporary, path);
  } finally {
    await unlink(temporary);
  }
  await syncFolder(dirname(path));
}

/** Renames within one folder; durable when it resolves. */
export async function renameDurable(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}

async function writeTemporary(path: string, data: Uint8Array | string): Promise<string> {
  const temporary = join(dirname(path), `.tmp-${randomBytes(8).toString('hex')}-${basename(path)}`);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
  return temporary;
}

/**
 * Overwrites a file (three times with random bytes, once with zeros, each on disk before the next), then unlinks it. Absent is done.
 *
 * What this is worth: on a disk that writes in place, the bytes are gone. SSDs, journals, snapshots and copy-on-write file
 * systems may keep old blocks that no program can reach (NIST SP 800-88r2 asks for the device's own sanitising there).
 * So nothing may rest on this alone; the vault's destruction rests on the loss of the slot key.
 */
export async function shredFile(path: string): Promise<void> {
  let file: FileHandle;
  try {
    file = await open(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    const { size } = await file.stat();
    for (let pass = 0; pass <= OVERWRITES; pass++) {
      for (let at = 0; at < size; at += BLOCK_BYTES) {
        const length = Math.min(BLOCK_BYTES, size - at);
        await file.write(pass < OVERWRITES ? randomBytes(length) : Buffer.alloc(length), 0, length, at);
      }
      await file.sync();
    }
  } finally {
    await file.close();
  }
  await unlink(path);
  await syncFolder(dirname(path));
}

/** Shreds what writes that were cut short left in a folder. */
export async function sweepTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (TEMPORARY.test(name)) await shredFile(join(folder, name));
}

/** A rename or an unlink is on disk only when its folder is. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** What a file's bytes hash to, however long it is. @returns SHA-256, hex, or null where there is no such file. */
export async function hashFile(path: string): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) hash.update(chunk as Buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return hash.digest('hex');
}

/** Puts what was written to a file by other means on disk. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
