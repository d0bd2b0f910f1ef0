import type { SqlRow } from '#ground/database';
import type { Value } from '../statements.ts';
import type { UnitReservation } from './reservations.ts';

export type Row = Readonly<Record<string, Value>>;

/** A row that waits to be inserted, in the order of its table's columns. */
export type Inserted = readonly Value[];

/** An account within the transaction: as it was found (null: not there) and as it is now. */
export type UnitAccount = {
  readonly found: SqlRow | null;
  row: SqlRow | null;
  /** A hold was placed on it. */
  isPlaced: boolean;
  /** It was put back to what its postings say, over whatever stands there. */
  isRestored: boolean;
};

/** A record within the transaction: as it was found and as it is now; null: not there. */
export type UnitRecord = { readonly found: SqlRow | null; readonly row: SqlRow | null };

/** What it takes to audit an account: its last two postings, newest first, and the sums over its open holds. */
export type Proof = { readonly postings: readonly SqlRow[]; readonly held: bigint; readonly guarded: bigint };

export type Ended = {
  readonly holdNo: bigint;
  readonly holdId: string;
  readonly epoch: string;
  readonly state: string;
  readonly endedAt: number;
  readonly laneNo: bigint;
  readonly laneSeq: bigint;
};

/** Tables that batches only add to, and what an idempotency key that is taken over needs. */
export type Tables = {
  holds: Inserted[];
  hold_lines: Inserted[];
  reservation_holds: Inserted[];
  postings: Inserted[];
  receipts: Inserted[];
  outbox: Inserted[];
  evidence: Inserted[];
  idempotency: Inserted[];
  sources: Inserted[];
  keys: Inserted[];
  receipt_groups: Inserted[];
  reconciliations: Inserted[];
  archives: Inserted[];
  archive_lanes: Inserted[];
};

/**
 * One transaction as the batch sees it: the rows that were fetched under its locks, and over them what the batch has done so far. Nothing of
 * that is in the database before the batch has ended; then it is written in a few statements that name whole sets of rows.
 */
export type Unit = {
  readonly accounts: Map<string, UnitAccount>;
  readonly proofs: Map<string, Proof>;
  /** By hold id; null: there is no such hold. */
  readonly holds: Map<string, SqlRow | null>;
  readonly holdsByNo: Map<bigint, SqlRow>;
  /** By id; null: there is none. */
  readonly reservations: Map<string, UnitReservation | null>;
  /** By the key's four parts; null: it is free. */
  readonly idempotency: Map<string, SqlRow | null>;
  readonly lanes: Map<string, SqlRow | null>;
  /** By kind and id. */
  readonly records: Map<string, UnitRecord>;
  /** Answers of statements that only read, by name and values. */
  readonly reads: Map<string, readonly SqlRow[]>;
  readonly tables: Tables;
  readonly ended: Ended[];
  readonly takenOver: { readonly key: readonly string[]; readonly holdNo: bigint; readonly callId: string }[];
  readonly signed: { readonly laneNo: bigint; readonly seqTo: bigint }[];
  readonly generations: number[];
  /** Archives that went on by a state. */
  readonly marked: { readonly month: number; readonly state: string }[];
  stop: SqlRow;
  isStopChanged: boolean;
  /**
   * Whether everything is compared with fetched rows before it is written. Not at first: ids are new and holds are open, nearly always, and
   * the database says so if they are not.
   */
  readonly isStrict: boolean;
  /** Hold ids of the whole batch, fetched together where one of them is asked for. */
  readonly holdIds: readonly string[];
};

export function newUnit(isStrict: boolean, holdIds: readonly string[]): Unit {
  return {
    accounts: new Map(),
    proofs: new Map(),
    holds: new Map(),
    holdsByNo: new Map(),
    reservations: new Map(),
    idempotency: new Map(),
    lanes: new Map(),
    records: new Map(),
    reads: new Map(),
    tables: {
      holds: [],
      hold_lines: [],
      reservation_holds: [],
      postings: [],
      receipts: [],
      outbox: [],
      evidence: [],
      idempotency: [],
      sources: [],
      keys: [],
      receipt_groups: [],
      reconciliations: [],
      archives: [],
      archive_lanes: [],
    },
    ended: [],
    takenOver: [],
    signed: [],
    generations: [],
    marked: [],
    stop: { stopped: 0n, stop_reason: null },
    isStopChanged: false,
    isStrict,
    holdIds,
  };
}

export function readName(name: string, values: readonly Value[]): string {
  return [name, ...values].join('\n');
}

export function recordName(kind: Value | undefined, id: Value | undefined): string {
  return `${kind}\n${id}`;
}

export function idempotencyName(...parts: readonly (Value | undefined)[]): string {
  return parts.join('\n');
}
