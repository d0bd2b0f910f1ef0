import type { ErrorCode, ErrorFacts, Hex } from '@tallystick/core';
import type { ArchiveDraft, ArchiveState } from './archive/types.ts';
import type { ReconcileRequest } from './reconciliation.ts';
import type { RecordWrite } from './record-types.ts';
import type { ReserveRequest } from './reservation.ts';
import type {
  AccountState,
  HoldRefusal,
  HoldRequest,
  KeyRow,
  NewAccount,
  NewReplay,
  ReceiptGroup,
  SettleRequest,
  SourceRow,
  TamperFinding,
} from './types.ts';

/** A settlement as it crosses to the writer: its lines are summed and written as JSON already. */
export type Settlement = Omit<SettleRequest, 'lines' | 'attestationHash'> & {
  readonly attestationHash: Hex;
  readonly linesText: string;
  readonly amount: bigint;
};

/** A hash that is not there. */
export const NO_HASH: Hex = `0x${'0'.repeat(64)}`;

/** What the writer is asked to do. Shapes were checked on the asking side (`validate.ts`); what depends on the books is checked by the writer. */
export type BatchOp =
  | { readonly kind: 'hold'; readonly body: HoldRequest }
  | { readonly kind: 'settle'; readonly body: Settlement }
  | { readonly kind: 'reserve'; readonly body: ReserveRequest }
  | { readonly kind: 'endReservation'; readonly body: { readonly reservationId: string } }
  | { readonly kind: 'openAccount'; readonly body: NewAccount }
  | {
      readonly kind: 'setLimit';
      readonly body: { readonly accountId: string; readonly limit: bigint; readonly ref: string; readonly onlyDown?: true };
    }
  | { readonly kind: 'account'; readonly body: { readonly accountId: string } }
  | { readonly kind: 'raiseOpensAt'; readonly body: { readonly accountId: string; readonly opensAt: number; readonly ref: string } }
  | {
      readonly kind: 'setState';
      readonly body: {
        readonly accountId: string;
        readonly state: AccountState;
        readonly reason: string;
        readonly reconciledSpent: bigint | undefined;
      };
    }
  | { readonly kind: 'reconcile'; readonly body: { readonly request: ReconcileRequest; readonly dryRun: boolean } }
  | { readonly kind: 'setStop'; readonly body: { readonly stopped: boolean; readonly reason: string } }
  | { readonly kind: 'addSource'; readonly body: { readonly source: SourceRow; readonly accounts: readonly NewAccount[] } }
  | { readonly kind: 'addKey'; readonly body: { readonly key: KeyRow; readonly accounts: readonly NewAccount[] } }
  | { readonly kind: 'addReceiptGroup'; readonly body: ReceiptGroup }
  | { readonly kind: 'setGeneration'; readonly body: { readonly generation: number } }
  | { readonly kind: 'standing'; readonly body: { readonly accountIds: readonly string[] } }
  | { readonly kind: 'writeRecords'; readonly body: readonly RecordWrite[] }
  | { readonly kind: 'passTime' }
  | { readonly kind: 'sealArchive'; readonly body: ArchiveDraft }
  | { readonly kind: 'markArchive'; readonly body: { readonly month: number; readonly state: ArchiveState } };

/** Rows that an archive has, by their numbers, both ends included. */
export type RowRange = { readonly from: bigint; readonly to: bigint } & (
  | { readonly table: 'postings'; readonly accountId: string }
  | { readonly table: 'receipts' | 'roots'; readonly laneNo: bigint }
  | { readonly table: 'events'; readonly month: number }
);

/** What moves no money and may be lost: it is done between the batches. */
export type AsideOp =
  | { readonly kind: 'keepReplay'; readonly body: NewReplay }
  | { readonly kind: 'dropReplays' }
  | { readonly kind: 'removeRows'; readonly body: readonly RowRange[] };

export type Op = BatchOp | AsideOp;

/** `now`: the writer's time, which never goes back, Unix ms. */
export type Standing = { readonly refusal: HoldRefusal | null; readonly now: number };

/** `soon`: it is in no hurry; who passes it on to the writer may collect more. */
export type QueuedOp<T extends Op = Op> = { readonly id: number; readonly op: T; readonly soon?: true };

/**
 * One message to the writer: everything asked since the last one. `now`: wall time at the asking side, Unix ms; `grantNow`: the same less what
 * its clock jumped forward by.
 */
export type WriterMessage =
  | { readonly now: number; readonly grantNow: number; readonly ops: readonly QueuedOp[] }
  | { readonly close: true };

/** An error as it crosses a thread. */
export type Fault = { readonly code: ErrorCode; readonly message: string; readonly facts: ErrorFacts };

export type OpAnswer = { readonly id: number; readonly value?: unknown; readonly fault?: Fault };

/** What keeps the writer from its database: `away` until it is `back`, or `ended` for good. The reason holds no secret. */
export type Trouble = { readonly state: 'away' | 'back' | 'ended'; readonly reason: string };

export type Recovery = { readonly tampered: readonly TamperFinding[]; readonly burned: number };

/** Messages from the writer: `ready` or `failed` once, then one `answers` per batch, `trouble` with the database, and `closed` at the end. */
export type WriterReply =
  /** `laneIndex`: which of several lanes it has taken. */
  | { readonly kind: 'ready'; readonly epoch: string; readonly recovery: Recovery; readonly laneIndex?: number }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'answers'; readonly answers: readonly OpAnswer[] }
  | { readonly kind: 'trouble'; readonly trouble: Trouble }
  | { readonly kind: 'closed' };

export type WriterOptions = {
  readonly file: string;
  readonly bookId: string;
  readonly laneId: Hex;
  readonly ticketKey: Uint8Array;
  readonly chainKey: Uint8Array;
  readonly now: number;
  readonly pagesMax: number;
};
