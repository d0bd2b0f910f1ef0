import { groupTree, type Hex } from '@tallystick/core';
import { expect } from 'vitest';
import type { Archive } from '../archive/types.ts';
import type { ReceiptRecord, SettleRequest } from '../types.ts';
import type { TestBooks } from './books.ts';
import { created, hash, holdRequest, settleRequest } from './engine.ts';

/** The engine's clock starts in January 2027. */
const YEAR = 2027;

/** A history over months, told to a ledger. */
export class Months {
  readonly #books: TestBooks;
  /** Receipt ids, in the order of their settlement. */
  readonly receipts: string[] = [];

  constructor(books: TestBooks) {
    this.#books = books;
  }

  /** Goes on to the 20th of a month; 1 is January 2027. Time never goes back, so a month that is over stays over. */
  go(month: number, day = 20): void {
    this.#books.engine.clock.setWall(Date.UTC(YEAR, month - 1, day));
  }

  async call(outcome: SettleRequest['outcome'] = 'metered', tokens = 3n, held = 10n): Promise<string> {
    const { ledger } = this.#books;
    const hold = holdRequest(held);
    await created(ledger, hold);
    await ledger.settle(settleRequest(hold.holdId, tokens, { outcome }));
    this.receipts.push(hold.receiptId);
    return hold.holdId;
  }

  /** One root over all receipts that have none yet: to be called within their month. */
  async sign(): Promise<void> {
    const { ledger } = this.#books;
    for (const { laneId, signedTo, nextSeq } of await ledger.lanes()) {
      if (signedTo === nextSeq - 1n) continue;
      const { root, total } = groupTree(await ledger.receiptsOf(laneId, signedTo + 1n, nextSeq - 1n));
      await ledger.addReceiptGroup({ ...SIGNED, laneId, seqFrom: signedTo + 1n, seqTo: nextSeq - 1n, root, total });
    }
  }

  /** Some calls in each of these months, signed. */
  async play(...months: readonly number[]): Promise<void> {
    for (const month of months) {
      this.go(month);
      await this.call('metered', 3n);
      await this.call('burned', 1n);
      await this.call('released', 0n);
      await this.sign();
    }
  }

  /** Archives exactly these months (yyyymm), which must be the next. */
  async archive(...months: readonly number[]): Promise<readonly Archive[]> {
    const { archives } = this.#books.ledger;
    const made: Archive[] = [];
    for (const month of months) {
      const outcome = await archives.seal({ before: 999_912, keepMonths: 1 });
      if (outcome.result !== 'sealed')
        throw new Error(`${month} is not archived: ${outcome.result === 'refused' ? outcome.why : 'nothing'}`);
      await archives.remove(outcome.archive.month);
      await archives.finish(outcome.archive.month);
      made.push(outcome.archive);
    }
    expect(made.map(({ month }) => month)).toEqual(months);
    return made;
  }

  /** Everything that archiving must not change. */
  async picture(): Promise<Picture> {
    const { ledger } = this.#books;
    const records = await Promise.all(this.receipts.map((id) => ledger.receipt(id)));
    return { records, accounts: [await ledger.accounts(), await ledger.accounts('operator')], lanes: await ledger.lanes() };
  }

  /** The books agree with themselves, and every file does. */
  async sound(): Promise<void> {
    const { ledger } = this.#books;
    expect(await ledger.verify()).toEqual([]);
    for (const { month } of await ledger.archives.list()) expect(await ledger.archives.verify(ledger.archives.fileOf(month))).toEqual([]);
  }

  /** A receipt with its tree, as it is handed out. */
  async tree(record: ReceiptRecord | null): Promise<Hex | null> {
    if (record?.status !== 'signed') return null;
    const { laneId, seqFrom, seqTo } = record.group;
    return groupTree(await this.#books.ledger.receiptsOf(laneId, seqFrom, seqTo)).root;
  }
}

export type Picture = { readonly records: readonly (ReceiptRecord | null)[]; readonly accounts: unknown; readonly lanes: unknown };

const SIGNED = { signature: `0x${'1'.repeat(130)}`, signer: `0x${'2'.repeat(40)}`, signedAt: 1_800_000_000_000, root: hash('0') } as const;
