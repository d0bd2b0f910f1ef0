import type { Hex, Receipt, ReceiptMode } from '@tallystick/core';
import type { Database, SqlRow } from '#ground/database';
import { accountRow, toAccount } from './account-row.ts';
import { holdLineOf } from './hold-rows.ts';
import { LIMITS } from './limits.ts';
import { ASSETS, OPERATORS_READ, operatorAccount } from './operator.ts';
import { RECEIPT_SELECT } from './receipt-fields.ts';
import { detailOf, receiptGroupOf, receiptOf } from './receipt-rows.ts';
import type { Reconciliation } from './reconciliation.ts';
import { reconciliationOf } from './reconciliation-rows.ts';
import type {
  Account,
  AccountKind,
  Asset,
  HoldRow,
  HoldState,
  KeptReplay,
  KeyRow,
  Lane,
  OutboxEvent,
  ReceiptRecord,
  SourceRow,
  TamperFinding,
} from './types.ts';
import { invalid } from './validate.ts';

const HOLD_COLUMNS = 'hold_no, hold_id, call_id, attempt, source_id, key_id, tenant_id, state, receipt_id, epoch_id, created_at, ended_at';

/** Reads on a connection of their own, beside the writer: each sees the last commit. */
export type Reads = ReturnType<typeof openReads>;

export function openReads(db: Database, bookId: string) {
  const sql = prepareAll(db);
  return { ...accountReads(sql, bookId), ...receiptReads(sql, bookId), close: () => db.close() };
}

type Statements = ReturnType<typeof prepareAll>;

function prepareAll(db: Database) {
  const prepare = (sql: string) => {
    const statement = db.prepare(sql);
    return {
      get: (...values: (string | bigint | number)[]) => statement.get(...values) as SqlRow | undefined,
      all: (...values: (string | bigint | number)[]) => statement.all(...values) as SqlRow[],
    };
  };
  return {
    account: prepare('SELECT * FROM accounts WHERE book_id = ? AND account_id = ?'),
    accounts: prepare('SELECT * FROM accounts WHERE book_id = ? ORDER BY account_id'),
    // Two halves, because a sum of amounts may exceed 64 bits.
    operator: prepare(
      `SELECT coalesce(sum((amount >> 32) * CASE kind WHEN 'reversal' THEN -1 ELSE 1 END), 0) AS high,
         coalesce(sum((amount & 4294967295) * CASE kind WHEN 'reversal' THEN -1 ELSE 1 END), 0) AS low, count(*) AS n, max(at) AS at
       FROM postings WHERE book_id = ? AND contra_id = ? AND kind IN ('ambiguous', 'overrun', 'reconcile', 'reversal')`,
    ),
    reconciliations: prepare('SELECT * FROM reconciliations WHERE book_id = ? ORDER BY at, source_id, posting_seq'),
    reconciliationsOf: prepare('SELECT * FROM reconciliations WHERE book_id = ? AND source_id = ? ORDER BY posting_seq'),
    book: prepare('SELECT * FROM books WHERE book_id = ?'),
    sources: prepare('SELECT * FROM sources WHERE book_id = ? ORDER BY created_at, source_id'),
    keys: prepare('SELECT * FROM keys WHERE book_id = ? ORDER BY created_at, key_id'),
    openHolds: prepare(`SELECT ${HOLD_COLUMNS} FROM holds WHERE state = 'open' AND book_id = ? ORDER BY hold_no LIMIT ?`),
    hold: prepare(`SELECT ${HOLD_COLUMNS} FROM holds WHERE book_id = ? AND hold_id = ?`),
    holdLines: prepare('SELECT account_id, amount FROM hold_lines WHERE hold_no = ? ORDER BY account_id'),
    holdOfReceipt: prepare('SELECT state FROM holds WHERE book_id = ? AND receipt_id = ?'),
    receipt: prepare(`${RECEIPT_SELECT} WHERE h.book_id = ? AND h.receipt_id = ? AND r.lane_no = h.lane_no AND r.seq = h.lane_seq`),
    receipts: prepare(`${RECEIPT_SELECT} WHERE l.book_id = ? AND l.lane_id = ? AND r.seq BETWEEN ? AND ? ORDER BY r.seq LIMIT ?`),
    group: prepare('SELECT * FROM receipt_groups WHERE lane_no = ? AND seq_to >= ? ORDER BY seq_to LIMIT 1'),
    lanes: prepare('SELECT lane_id, next_seq, signed_to FROM lanes WHERE book_id = ? ORDER BY lane_no'),
    outbox: prepare('SELECT seq, topic, subject, at, body FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?'),
    replay: prepare('SELECT call_id, expires_at, sealed FROM replays WHERE book_id = ? AND receipt_id = ? AND expires_at > ?'),
    evidence: prepare("SELECT subject, at, body FROM evidence WHERE book_id = ? AND kind = 'tampered' ORDER BY evidence_no LIMIT ?"),
  };
}

/** Accounts, who they belong to, and the state of the book. */
function accountReads(sql: Statements, bookId: string) {
  function operator(name: (typeof OPERATORS_READ)[number], asset: Asset): Account {
    const id = operatorAccount(name, asset);
    const row = sql.operator.get(bookId, id) as SqlRow;
    const spent = (row.high as bigint) * 4_294_967_296n + (row.low as bigint);
    const createdAt = Number((sql.book.get(bookId) as SqlRow).created_at);
    const none = { ceiling: 0n, limit: 0n, held: 0n, overrun: 0n, parent: null, expiresAt: null, stateReason: null, head: '', version: 0n };
    return { id, kind: 'operator', tenantId: 'operator', asset, spent, state: 'active', seq: row.n as bigint, createdAt, ...none };
  }

  function operators(): readonly Account[] {
    return OPERATORS_READ.flatMap((name) => ASSETS.map((asset) => operator(name, asset)));
  }

  return {
    account(id: string): Account | null {
      const row = sql.account.get(bookId, id);
      if (row !== undefined) return toAccount(accountRow(row));
      return operators().find((account) => account.id === id) ?? null;
    },
    /** Operator accounts only where they are asked for: their balances are summed up from the postings. */
    accounts(kind?: AccountKind): readonly Account[] {
      if (kind === 'operator') return operators();
      const all = sql.accounts.all(bookId).map((row) => toAccount(accountRow(row)));
      return kind === undefined ? all : all.filter((account) => account.kind === kind);
    },
    sources(): readonly SourceRow[] {
      return sql.sources.all(bookId).map(sourceOf);
    },
    keys(): readonly KeyRow[] {
      return sql.keys.all(bookId).map(keyOf);
    },
    reconciliations(sourceId?: string): readonly Reconciliation[] {
      const rows = sourceId === undefined ? sql.reconciliations.all(bookId) : sql.reconciliationsOf.all(bookId, sourceId);
      return rows.map(reconciliationOf);
    },
    tampered(): readonly TamperFinding[] {
      return sql.evidence
        .all(bookId, LIMITS.rowsMax)
        .map((row) => ({ accountId: row.subject as string, what: JSON.parse(row.body as string).what as string, at: Number(row.at) }));
    },
    generation(): number {
      return Number((sql.book.get(bookId) as SqlRow).generation);
    },
  };
}

/** Holds, receipts, the lane and the outbox. */
function receiptReads(sql: Statements, bookId: string) {
  function holdRow(row: SqlRow): HoldRow {
    return {
      holdId: row.hold_id as string,
      callId: row.call_id as string,
      attempt: Number(row.attempt),
      sourceId: row.source_id as string,
      keyId: row.key_id as string,
      tenantId: row.tenant_id as string,
      state: row.state as HoldState,
      receiptId: row.receipt_id as string,
      epoch: row.epoch_id as string,
      createdAt: Number(row.created_at),
      endedAt: row.ended_at === null ? null : Number(row.ended_at),
      lines: sql.holdLines.all(row.hold_no as bigint).map(holdLineOf),
    };
  }

  function receipt(receiptId: string): ReceiptRecord | null {
    const row = sql.receipt.get(bookId, receiptId);
    if (row === undefined) return sql.holdOfReceipt.get(bookId, receiptId) === undefined ? null : { status: 'open', receiptId };
    const found = { receiptId, receipt: receiptOf(row), detail: detailOf(row) };
    const group = sql.group.get(row.lane_no as bigint, row.seq as bigint);
    if (group === undefined || (group.seq_from as bigint) > (row.seq as bigint)) return { status: 'unsigned', ...found };
    return { status: 'signed', ...found, group: receiptGroupOf(group, row.lane_id as Hex) };
  }

  return {
    openHolds(limit: number): readonly HoldRow[] {
      return sql.openHolds.all(bookId, rowLimit(limit)).map(holdRow);
    },
    holdRow(holdId: string): HoldRow | null {
      const row = sql.hold.get(bookId, holdId);
      return row === undefined ? null : holdRow(row);
    },
    receipt,
    /** @param now Unix ms. */
    replay(receiptId: string, now: number): KeptReplay {
      const row = sql.replay.get(bookId, receiptId, now);
      if (row === undefined) return { result: 'none' };
      return {
        result: 'kept',
        callId: row.call_id as string,
        expiresAt: Number(row.expires_at),
        sealed: row.sealed as Uint8Array,
      };
    },
    receiptsOf(laneId: Hex, seqFrom: bigint, seqTo: bigint): readonly Receipt[] {
      if (seqTo - seqFrom >= BigInt(LIMITS.rowsMax)) throw invalid('seqTo', `asks for more than ${LIMITS.rowsMax} receipts`);
      return sql.receipts.all(bookId, laneId, seqFrom, seqTo, LIMITS.rowsMax).map(receiptOf);
    },
    lanes(): readonly Lane[] {
      return sql.lanes
        .all(bookId)
        .map((row) => ({ laneId: row.lane_id as Hex, nextSeq: row.next_seq as bigint, signedTo: row.signed_to as bigint }));
    },
    outbox(after: bigint, limit: number): readonly OutboxEvent[] {
      return sql.outbox.all(after, rowLimit(limit)).map((row) => ({
        seq: row.seq as bigint,
        topic: row.topic as string,
        subject: row.subject as string,
        at: Number(row.at),
        body: row.body as string,
      }));
    },
  };
}

function rowLimit(limit: number): number {
  return Math.max(0, Math.min(Math.trunc(limit), LIMITS.rowsMax));
}

function sourceOf(row: SqlRow): SourceRow {
  return {
    id: row.source_id as string,
    name: row.name as string,
    provider: row.provider as SourceRow['provider'],
    baseUrl: row.base_url as string,
    mode: Number(row.mode) as ReceiptMode,
    settle: row.settle as SourceRow['settle'],
    countConsent: Number(row.count_consent) === 1,
    models: row.models as string,
    tariff: row.tariff as string,
    createdAt: Number(row.created_at),
  };
}

function keyOf(row: SqlRow): KeyRow {
  return {
    id: row.key_id as string,
    name: row.name as string,
    tenantId: row.tenant_id as string,
    hash: row.hash as string,
    hint: row.hint as string,
    creditAccountId: row.credit_account_id as string | null,
    sources: row.sources === null ? null : (JSON.parse(row.sources as string) as string[]),
    createdAt: Number(row.created_at),
    expiresAt: row.expires_at === null ? null : Number(row.expires_at),
    replayS: Number(row.replay_s),
  };
}
