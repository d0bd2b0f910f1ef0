/**
 * A row beside the books: what a room keeps of its own, under the same durability and the same keys. Who only has the database can neither
 * edit a row nor make one up: it then reads as TAMPERED. A row that is gone, or an older one that was put back, does not show.
 */
export type BookRecord = {
  /** What it is a record of: up to 32 of `a`–`z`, `.` and `-`. */
  readonly kind: string;
  /** Unique within its kind, up to 128 characters. */
  readonly id: string;
  /** 1 where it was created, one more with each write since. */
  readonly rev: bigint;
  /** Up to 32 characters; records of one kind can be listed by it. */
  readonly state: string;
  /** Up to 4 MiB of UTF-8. Stored as it is: what is secret is sealed before. */
  readonly body: string;
  /** Unix ms, by the ledger's own clock. */
  readonly createdAt: number;
  readonly writtenAt: number;
};

/** `rev`: the revision that it replaces; 0n = there must be none. `body` null: the record is removed. */
export type RecordWrite = {
  readonly kind: string;
  readonly id: string;
  readonly rev: bigint;
  readonly state: string;
  readonly body: string | null;
};

/** `conflict`: the first of the writes whose record is of another revision, and which it is (0n = there is none). Nothing was written. */
export type RecordsResult =
  | { readonly result: 'written'; readonly at: number }
  | { readonly result: 'conflict'; readonly kind: string; readonly id: string; readonly rev: bigint };

export type RecordsQuery = {
  readonly state?: string;
  /** Only ids after this one. */
  readonly after?: string;
  /** 1 … 1000. Bodies may be large: who expects that asks for few at a time. */
  readonly limit: number;
};

export interface LedgerRecords {
  /**
   * Writes 1 … 16 records, all or none. After LEDGER_UNAVAILABLE it may be there or not: the revision tells.
   * @throws INPUT_INVALID, TAMPERED (a record that would be replaced was changed behind the ledger), LEDGER_UNAVAILABLE
   */
  writeRecords(writes: readonly RecordWrite[]): Promise<RecordsResult>;
  /** @throws INPUT_INVALID, TAMPERED · STATE_INVALID in a process that has no key of the books */
  record(kind: string, id: string): Promise<BookRecord | null>;
  /** In the order of their ids. @throws as `record` */
  records(kind: string, query: RecordsQuery): Promise<readonly BookRecord[]>;
  /** How many records of a kind are in each state, for people to see: counted by the database, with no record's MAC looked at. */
  recordStates(kind: string): Promise<ReadonlyMap<string, number>>;
}
