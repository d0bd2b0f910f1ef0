import type { Hex, Receipt } from '@tallystick/core';
import { openReader } from '#ground/database';
import { openReads } from './reads.ts';
import type { Lane } from './types.ts';

/** The receipts of a book for another thread: its own read-only connection, so that reading and hashing them delays no call. */
export type ReceiptReader = {
  /** @returns undefined where the book has no such lane. */
  lane(laneId: Hex): Lane | undefined;
  receiptsOf(laneId: Hex, seqFrom: bigint, seqTo: bigint): readonly Receipt[];
  close(): void;
};

export function openReceiptReader(file: string, bookId: string): ReceiptReader {
  const reads = openReads(openReader(file), bookId);
  return {
    lane: (laneId) => reads.lanes().find((lane) => lane.laneId === laneId),
    receiptsOf: (laneId, seqFrom, seqTo) => reads.receiptsOf(laneId, seqFrom, seqTo),
    close: () => reads.close(),
  };
}
