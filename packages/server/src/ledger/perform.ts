import { type Books, HoldChanged, RowChanged } from './books.ts';
import { LedgerFault } from './fault.ts';
import { mendAccount, mendHold } from './mend.ts';
import { auditedAccount, openAccount, raiseOpensAt, setLimit, setState } from './ops/accounts.ts';
import { markArchive, passTime, sealArchive } from './ops/archive.ts';
import { addKey, addReceiptGroup, addSource, readStop, setGeneration, setStop } from './ops/book.ts';
import { hold } from './ops/hold.ts';
import { reconcile } from './ops/reconcile.ts';
import { writeRecords } from './ops/records.ts';
import { standing } from './ops/replays.ts';
import { endReservation, reserve } from './ops/reserve.ts';
import { settle } from './ops/settle.ts';
import type { BatchOp, Fault, OpAnswer, QueuedOp } from './protocol.ts';

/** An operation may find this many changed rows (each is mended once) before it is given up. */
const MENDS_MAX = 20;

/** Nothing of the operation was written. */
export const UNAVAILABLE: Fault = {
  code: 'LEDGER_UNAVAILABLE',
  message: 'The ledger could not commit; nothing of this was written.',
  facts: {},
};

export type BatchResult = {
  readonly answers: readonly OpAnswer[];
  /** The engine cannot be trusted any more: this writer must stop. */
  readonly dead: boolean;
};

/** What performing one operation by itself needs of an engine. */
export type Engine = {
  /** Runs `body`; where it throws, nothing of it was done, in the books or in memory. */
  savepoint<T>(books: Books, body: () => T): T;
  /** Whether one statement broke a rule of the schema: the operation's fault. */
  isConstraint(error: unknown): boolean;
  /** Whether the engine failed, and with it the whole batch. */
  isFault(error: unknown): boolean;
};

/** Performs every operation, one after another: each checks before it writes. Throws where one is surprised in the middle of its writes. */
export function performAll(books: Books, ops: readonly QueuedOp<BatchOp>[]): readonly OpAnswer[] {
  return ops.map((queued) => answer(queued, () => perform(books, queued.op)));
}

/** The same, each operation within its own savepoint. */
export function performEach(books: Books, ops: readonly QueuedOp<BatchOp>[], engine: Engine): readonly OpAnswer[] {
  return ops.map((queued) => answer(queued, () => performGuarded(books, queued.op, engine)));
}

/** A `LedgerFault` means that the operation wrote nothing: it is an answer. Anything else ends the batch. */
function answer({ id }: QueuedOp, run: () => unknown): OpAnswer {
  try {
    return { id, value: run() };
  } catch (error) {
    if (error instanceof LedgerFault) return { id, fault: { code: error.code, message: error.message, facts: error.facts } };
    throw error;
  }
}

function perform(books: Books, op: BatchOp): unknown {
  switch (op.kind) {
    case 'hold':
      return hold(books, op.body);
    case 'settle':
      return settle(books, op.body);
    case 'reserve':
      return reserve(books, op.body);
    case 'endReservation':
      return endReservation(books, op.body);
    case 'openAccount':
      return openAccount(books, op.body);
    case 'setLimit':
      return setLimit(books, op.body);
    case 'raiseOpensAt':
      return raiseOpensAt(books, op.body);
    case 'setState':
      return setState(books, op.body);
    case 'account':
      return auditedAccount(books, op.body);
    case 'reconcile':
      return reconcile(books, op.body);
    case 'setStop':
      return setStop(books, op.body);
    case 'addSource':
      return addSource(books, op.body);
    case 'addKey':
      return addKey(books, op.body);
    case 'addReceiptGroup':
      return addReceiptGroup(books, op.body);
    case 'setGeneration':
      return setGeneration(books, op.body);
    case 'standing':
      return standing(books, op.body);
    case 'writeRecords':
      return writeRecords(books, op.body);
    case 'passTime':
      return passTime(books);
    case 'sealArchive':
      return sealArchive(books, op.body);
    case 'markArchive':
      return markArchive(books, op.body);
  }
}

/** Performs one operation within a savepoint; what it finds changed behind the writer is mended and frozen, then it runs again. */
function performGuarded(books: Books, op: BatchOp, engine: Engine): unknown {
  for (let mends = 0; mends <= MENDS_MAX; mends += 1) {
    try {
      return engine.savepoint(books, () => perform(books, op));
    } catch (error) {
      if (error instanceof RowChanged) engine.savepoint(books, () => mendChanged(books, error.accountId));
      else if (error instanceof HoldChanged) return refuseChangedHold(books, error, engine);
      else if (engine.isConstraint(error)) throw new LedgerFault('INPUT_INVALID', 'An id is used already.');
      else if (error instanceof LedgerFault || engine.isFault(error)) throw error;
      else throw new LedgerFault('INTERNAL', 'The ledger failed at this operation; nothing of it was written.');
    }
  }
  throw new LedgerFault('TAMPERED', 'The books change behind the ledger again and again.');
}

function refuseChangedHold(books: Books, error: HoldChanged, engine: Engine): never {
  engine.savepoint(books, () => mendHold(books, error.holdId, error.sourceId));
  throw new LedgerFault('TAMPERED', 'The hold was changed behind the ledger; its source is frozen.', { holdId: error.holdId });
}

/** Where the row is as it should be, the stop is not: another connection may have set it. */
function mendChanged(books: Books, accountId: string): void {
  const held = books.accounts.has(accountId) ? 0n : books.openHeld(accountId);
  if (mendAccount(books, accountId, held) === null) books.stop = readStop(books);
}
