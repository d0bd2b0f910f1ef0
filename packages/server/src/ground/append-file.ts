import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './files.ts';

const CHUNK_BYTES = 1 << 20;

/**
 * A file that only grows, mode 0600. `append` is durable when it resolves; one append at a time.
 * After a failed append the file is cut back to its last good length; where even that fails, every later append is refused:
 * after a failed fsync the kernel may have dropped the pages, so trying again could acknowledge what is not on disk.
 */
export class AppendFile {
  readonly #file: FileHandle;
  #size: number;
  #broken = false;

  private constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  /** @param keep bytes to keep; what lies beyond is cut off (a torn end). Absent = all. */
  static async open(path: string, keep?: number): Promise<AppendFile> {
    const file = await open(path, 'a+', 0o600);
    const { size } = await file.stat();
    if (keep !== undefined && keep < size) {
      await file.truncate(keep);
      await file.sync();
    }
    await syncFolder(dirname(path));
    return new AppendFile(file, Math.min(size, keep ?? size));
  }

  get size(): number {
    return this.#size;
  }

  async append(bytes: Uint8Array): Promise<void> {
    if (this.#broken) throw new Error('the file took no write before');
    try {
      await this.#file.appendFile(bytes);
      await this.#file.datasync();
      this.#size += bytes.length;
    } catch (error) {
      this.#broken = true;
      await this.#file.truncate(this.#size);
      await this.#file.sync();
      // A full disk is said before anything is dropped; any other failure leaves open what the disk holds.
      this.#broken = (error as NodeJS.ErrnoException).code !== 'ENOSPC';
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

export type Lines = {
  /** Bytes up to and with the last line end. */
  readonly whole: number;
  /** Bytes after it: a line that a crash cut short. */
  readonly torn: number;
};

/**
 * Walks the whole lines of a file in order, in bounded memory, without their line ends. No such file: no lines.
 * @param lineBytesMax a longer line ends the walk as torn.
 */
export function walkLines(path: string, lineBytesMax: number, visit: (line: Buffer, offset: number) => void): Lines {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { whole: 0, torn: 0 };
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    let rest = Buffer.alloc(0);
    let whole = 0;
    for (let at = 0; at < size && rest.length <= lineBytesMax; ) {
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, size - at));
      const read = readSync(fd, chunk, 0, chunk.length, at);
      if (read === 0) break;
      at += read;
      const bytes = Buffer.concat([rest, chunk.subarray(0, read)]);
      let start = 0;
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
        visit(bytes.subarray(start, end), whole);
        whole += end + 1 - start;
        start = end + 1;
      }
      rest = bytes.subarray(start);
    }
    return { whole, torn: size - whole };
  } finally {
    closeSync(fd);
  }
}

/** Reads `length` bytes at `offset`; fewer where the file ends. */
export function readSlice(path: string, offset: number, length: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
  } finally {
    closeSync(fd);
  }
}
