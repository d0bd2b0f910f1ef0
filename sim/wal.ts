import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/**
 * Follows a write-ahead log as it grows (https://www.sqlite.org/fileformat2.html#walformat): a header with two salts, then frames that carry
 * the same salts. A log that is begun anew has new salts, and what is behind its last frame is left over from before.
 */
export class WalReader {
  readonly #file: string;
  #fd: number | null = null;
  #salts = '';
  #end = WAL_HEADER_BYTES;

  constructor(file: string) {
    this.#file = file;
  }

  /** @returns the byte behind the last frame. */
  end(): number {
    this.#fd ??= openSync(this.#file, 'r');
    const header = this.#read(0, WAL_HEADER_BYTES);
    if (header === null) return 0;
    const salts = header.toString('hex', 16, 24);
    if (salts !== this.#salts) {
      this.#salts = salts;
      this.#end = WAL_HEADER_BYTES;
    }
    const bytes = FRAME_HEADER_BYTES + header.readUInt32BE(8);
    const size = fstatSync(this.#fd).size;
    while (this.#end + bytes <= size) {
      if (this.#read(this.#end, FRAME_HEADER_BYTES)?.toString('hex', 8, 16) !== salts) break;
      this.#end += bytes;
    }
    return this.#end;
  }

  /** Which log it is: one that is begun anew is another. */
  get salts(): string {
    return this.#salts;
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #read(from: number, bytes: number): Buffer | null {
    const buffer = Buffer.alloc(bytes);
    return readSync(this.#fd as number, buffer, 0, bytes, from) === bytes ? buffer : null;
  }
}
