import { existsSync } from 'node:fs';
import { type Hex, type Receipt, TallyError } from '@tallystick/core';
import { monthName } from '../months.ts';
import { openReads, type Reads } from '../reads.ts';
import { sqliteReads } from '../sqlite-reads.ts';
import type { ReceiptRecord } from '../types.ts';
import { archivePath } from './file-name.ts';

/** Where an archived receipt is. */
export type ArchivedAt = { readonly month: number; readonly fileHash: string };

/** Archives that are kept open for reading: opening one takes about a millisecond. */
const OPEN_MAX = 4;

/** Receipts in archives, read as those in the books are. */
export class ArchivedReceipts {
  readonly #folder: string | null;
  readonly #bookId: string;
  readonly #open = new Map<number, Reads>();

  constructor(folder: string | null, bookId: string) {
    this.#folder = folder;
    this.#bookId = bookId;
  }

  /** @throws TallyError ARCHIVE_MISSING, TAMPERED */
  async receipt(receiptId: string, at: ArchivedAt): Promise<ReceiptRecord> {
    const record = await this.#read(at, (reads) => reads.receipt(receiptId));
    if (record?.status === 'signed') return record;
    throw new TallyError('TAMPERED', `The archive of ${monthName(at.month)} does not have a receipt that it was sealed with.`);
  }

  /** @throws TallyError ARCHIVE_MISSING, TAMPERED */
  receiptsOf(laneId: Hex, seqFrom: bigint, seqTo: bigint, at: ArchivedAt): Promise<readonly Receipt[]> {
    return this.#read(at, (reads) => reads.receiptsOf(laneId, seqFrom, seqTo));
  }

  async close(): Promise<void> {
    for (const reads of this.#open.values()) await reads.close();
    this.#open.clear();
  }

  async #read<T>(at: ArchivedAt, use: (reads: Reads) => Promise<T>): Promise<T> {
    const reads = await this.#at(at);
    try {
      return await use(reads);
    } catch (cause) {
      // A file that was put in another's place, or cut short.
      await this.#forget(at.month);
      throw new TallyError('TAMPERED', `The archive of ${monthName(at.month)} cannot be read.`, { sha256: at.fileHash }, { cause });
    }
  }

  async #at({ month, fileHash }: ArchivedAt): Promise<Reads> {
    const path = this.#folder === null ? '' : archivePath(this.#folder, this.#bookId, month);
    if (!existsSync(path)) {
      await this.#forget(month);
      const detail = `The receipt is in the archive of ${monthName(month)}, whose file is not here (SHA-256 ${fileHash}).`;
      throw new TallyError('ARCHIVE_MISSING', detail, { month: monthName(month), sha256: fileHash });
    }
    const reads = this.#open.get(month) ?? openReads(sqliteReads(path), this.#bookId);
    this.#open.delete(month);
    this.#open.set(month, reads);
    const [oldest] = this.#open.keys();
    if (this.#open.size > OPEN_MAX && oldest !== undefined) await this.#forget(oldest);
    return reads;
  }

  async #forget(month: number): Promise<void> {
    const reads = this.#open.get(month);
    this.#open.delete(month);
    await reads?.close();
  }
}
