import type { HoldRequest, Ledger, SettleRequest } from '../../../packages/server/src/ledger/index.ts';

/** What is measured: each answer tells that the commit it stands for is on disk. */
export type Books = {
  hold(request: HoldRequest): Promise<{ readonly result: string }>;
  settle(request: SettleRequest): Promise<{ readonly result: string }>;
  close(): Promise<void>;
};

/** An engine that the books can stand on: the ledger, and the least that a durable group commit on the same engine can be. */
export type Engine = {
  /** Opens the books in `folder`, new ones where there are none. */
  openLedger(folder: string): Promise<Ledger>;
  /** Opens a bare loop in `folder`: one table, a row per hold, a row per settlement, batched by arrival and synced as the ledger's are. */
  openBare(folder: string): Promise<Books>;
  /** What the ledger's books take up in `folder`, bytes. */
  sizeOf(folder: string): number;
};
