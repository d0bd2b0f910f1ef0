import type { Hex, Receipt } from '@tallystick/core';
import { readsAt } from './reads-at.ts';
import type { BooksAt, Lane } from './types.ts';

/** The receipts of a book for another thread: its own read-only connection, so that reading and hashing them delays no call. */
export type ReceiptReader = {
  /** @returns undefined where the book has no such lane. */
  lane(laneId: Hex): Promise<Lane | undefined>;
  /** Receipts from a number on that are of the same month as the first of them: what one root may cover. */
  receiptsOf(laneId: Hex, seqFrom: bigint, seqTo: bigint): Promise<readonly Receipt[]>;
  close(): Promise<void>;
};

export function openReceiptReader(at: BooksAt, bookId: string): ReceiptReader {
  const reads = readsAt(at, bookId);
  return {
    lane: async (laneId) => (await reads.lanes()).find((lane) => lane.laneId === laneId),
    receiptsOf: (laneId, seqFrom, seqTo) => reads.ofOneMonth(laneId, seqFrom, seqTo),
    close: () => reads.close(),
  };
}
