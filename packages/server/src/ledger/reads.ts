import { type Hex, type Receipt, type ReceiptMode, TallyError } from '@tallystick/core';
import type { SqlRow } from '#ground/database';
import { accountRow, toAccount } from './account-row.ts';
import type { ArchivedAt } from './archive/receipts.ts';
import { archiveOf } from './archive/rows.ts';
import type { Archive, OperatorTotals } from './archive/types.ts';
import { type ChargesQuery, chargesOf } from './charges.ts';
import { holdLineOf } from './hold-rows.ts';
import { LIMITS } from './limits.ts';
import { ASSETS, OPERATOR_PREFIX, OPERATORS_READ, operatorAccount } from './operator.ts';
import { RECEIPT_SELECT } from './receipt-fields.ts';
import { detailOf, receiptGroupOf, receiptOf } from './receipt-rows.ts';
import type { Reconciliation } from './reconciliation.ts';
import { reconciliationOf } from './reconciliation-rows.ts';
import type { Reservation } from './reservation.ts';
import { reservationOf } from './reservation-rows.ts';
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
  ReceiptGroup,
  ReceiptRecord,
  SourceRow,
  TamperFinding,
} from './types.ts';
import { invalid } from './validate.ts';

const HOLD_COLUMNS = 'hold_no, hold_id, call_id, attempt, source_id, key_id, tenant_id, state, receipt_id, epoch_id, created_at, ended_at';

const RESERVATION_LINES = `SELECT r.reservation_id, r.tenant_id, r.key_id, r.state, r.created_at, r.ended_at, l.account_id, l.amount, l.spent, l.held
  FROM reservations r JOIN reservation_lines l ON l.book_id = r.book_id AND l.reservation_id = r.reservation_id`;

const OUTBOX_COLUMNS = 'SELECT seq, topic, subject, at, body FROM outbox';
/** As the index has it that finds them. */
const CHANGES = "topic IN ('source.added', 'key.added', 'account.limit', 'account.state')";

/** How one engine answers a read. Each sees the last commit. */
export type ReadEngine = {
  /** @param sql with `?` for each value. */
  all(sql: string, ...values: readonly (string | bigint | number)[]): SqlRow[] | Promise<SqlRow[]>;
  /** A condition on `outbox` that keeps out what a transaction that still runs may yet come before. */
  readonly outboxIsWhole: string;
  generation(bookId: string): number | Promise<number>;
  close(): unknown;
};

/** Reads beside the writer: each sees the last commit. */
export type Reads = ReturnType<typeof openReads>;

export function openReads(engine: ReadEngine, bookId: string) {
  const sql = queriesOf(engine);
  return Object.assign(accountReads(sql, bookId), receiptReads(sql, bookId), laneReads(sql, bookId), {
    burnedOf: (sourceId: string) => burnedOf(sql, bookId, sourceId),
    charges: (accountId: string, query: ChargesQuery) => chargesOf(engine, bookId, accountId, query),
    generation: async () => engine.generation(bookId),
    close: async () => {
      await engine.close();
    },
  });
}

/** A receipt that is in an archive: its file has it as the books had. */
export type ArchivedReceipt = { readonly status: 'archived'; readonly at: ArchivedAt };

type Statements = ReturnType<typeof queriesOf>;

function queriesOf(engine: ReadEngine) {
  const prepare = (sql: string) => {
    const all = async (...values: (string | bigint | number)[]) => engine.all(sql, ...values);
    return { all, get: async (...values: (string | bigint | number)[]) => (await all(...values))[0] };
  };
  return {
    account: prepare('SELECT * FROM accounts WHERE book_id = ? AND account_id = ?'),
    accounts: prepare('SELECT * FROM accounts WHERE book_id = ? ORDER BY account_id'),
    // Two halves, because a sum of amounts may exceed 64 bits.
    operator: prepare(
      `SELECT CAST(coalesce(sum((amount >> 32) * CASE kind WHEN 'reversal' THEN -1 ELSE 1 END), 0) AS bigint) AS high,
         CAST(coalesce(sum((amount & 4294967295) * CASE kind WHEN 'reversal' THEN -1 ELSE 1 END), 0) AS bigint) AS low, count(*) AS n
       FROM postings WHERE book_id = ? AND contra_id = ? AND month > ? AND kind IN ('ambiguous', 'overrun', 'reconcile', 'reversal')`,
    ),
    archives: prepare('SELECT * FROM archives WHERE book_id = ? ORDER BY month'),
    archiveLanes: prepare('SELECT * FROM archive_lanes WHERE book_id = ? ORDER BY month, lane_no'),
    lastArchive: prepare('SELECT month, operators FROM archives WHERE book_id = ? ORDER BY month DESC LIMIT 1'),
    archivedAt: prepare(
      `SELECT a.month, a.file_hash FROM archive_lanes l JOIN archives a ON a.book_id = l.book_id AND a.month = l.month
       WHERE l.book_id = ? AND l.lane_no = ? AND l.seq_from <= ? AND l.seq_to >= ?`,
    ),
    // In halves, as above. Of a burned hold its source pays all.
    burned: prepare(
      `SELECT CAST(coalesce(sum(l.amount >> 32), 0) AS bigint) AS high, CAST(coalesce(sum(l.amount & 4294967295), 0) AS bigint) AS low
       FROM holds h JOIN hold_lines l ON l.hold_no = h.hold_no AND l.account_id = h.source_id
       WHERE h.book_id = ? AND h.source_id = ? AND h.state = 'burned'`,
    ),
    reconciliations: prepare('SELECT * FROM reconciliations WHERE book_id = ? ORDER BY at, source_id, posting_seq'),
    reconciliationsOf: prepare('SELECT * FROM reconciliations WHERE book_id = ? AND source_id = ? ORDER BY posting_seq'),
    book: prepare('SELECT * FROM books WHERE book_id = ?'),
    sources: prepare('SELECT * FROM sources WHERE book_id = ? ORDER BY created_at, source_id'),
    keys: prepare('SELECT * FROM keys WHERE book_id = ? ORDER BY created_at, key_id'),
    key: prepare('SELECT * FROM keys WHERE book_id = ? AND key_id = ?'),
    keyByHash: prepare('SELECT * FROM keys WHERE book_id = ? AND hash = ?'),
    openHolds: prepare(`SELECT ${HOLD_COLUMNS} FROM holds WHERE state = 'open' AND book_id = ? ORDER BY hold_no LIMIT ?`),
    hold: prepare(`SELECT ${HOLD_COLUMNS} FROM holds WHERE book_id = ? AND hold_id = ?`),
    holdLines: prepare('SELECT account_id, amount FROM hold_lines WHERE hold_no = ? ORDER BY account_id'),
    // Each with its lines in one statement, so that all of it is of one commit.
    openReservations: prepare(`${RESERVATION_LINES} WHERE r.book_id = ? AND r.state = 'open' AND r.reservation_id IN (
      SELECT reservation_id FROM reservations WHERE book_id = ? AND state = 'open' AND reservation_id > ? ORDER BY reservation_id LIMIT ?)
      ORDER BY l.reservation_id, l.account_id`),
    reservation: prepare(`${RESERVATION_LINES} WHERE r.book_id = ? AND r.reservation_id = ? ORDER BY l.account_id`),
    holdOfReceipt: prepare('SELECT state, lane_no, lane_seq FROM holds WHERE book_id = ? AND receipt_id = ?'),
    receipt: prepare(`${RECEIPT_SELECT} WHERE h.book_id = ? AND h.receipt_id = ? AND r.lane_no = h.lane_no AND r.seq = h.lane_seq`),
    receipts: prepare(`${RECEIPT_SELECT} WHERE l.book_id = ? AND l.lane_id = ? AND r.seq BETWEEN ? AND ? ORDER BY r.seq LIMIT ?`),
    group: prepare('SELECT * FROM receipt_groups WHERE lane_no = ? AND seq_to >= ? ORDER BY seq_to LIMIT 1'),
    months: prepare(
      'SELECT r.month FROM receipts r JOIN lanes l ON l.lane_no = r.lane_no WHERE l.book_id = ? AND l.lane_id = ? AND r.seq IN (?, ?)',
    ),
    nextOfMonth: prepare(
      `${RECEIPT_SELECT} WHERE l.book_id = ? AND l.lane_id = ? AND r.seq BETWEEN ? AND ?
       AND r.month = (SELECT f.month FROM receipts f WHERE f.lane_no = l.lane_no AND f.seq = ?) ORDER BY r.seq`,
    ),
    lanes: prepare('SELECT lane_no, lane_id, next_seq, signed_to, owner_epoch FROM lanes WHERE book_id = ? ORDER BY lane_no'),
    outbox: prepare(`${OUTBOX_COLUMNS} WHERE book_id = ? AND seq > ? AND ${engine.outboxIsWhole} ORDER BY seq LIMIT ?`),
    changes: prepare(`${OUTBOX_COLUMNS} WHERE book_id = ? AND seq > ? AND ${CHANGES} AND ${engine.outboxIsWhole} ORDER BY seq LIMIT ?`),
    changesEnd: prepare(`SELECT seq FROM outbox WHERE book_id = ? AND ${CHANGES} AND ${engine.outboxIsWhole} ORDER BY seq DESC LIMIT 1`),
    replay: prepare('SELECT call_id, expires_at, sealed FROM replays WHERE book_id = ? AND receipt_id = ? AND expires_at > ?'),
    evidence: prepare("SELECT subject, at, body FROM evidence WHERE book_id = ? AND kind = 'tampered' ORDER BY evidence_no LIMIT ?"),
  };
}

/** Accounts, who they belong to, and the state of the book. */
function accountReads(sql: Statements, bookId: string) {
  async function operator(name: (typeof OPERATORS_READ)[number], asset: Asset): Promise<Account> {
    const id = operatorAccount(name, asset);
    const archived = await sql.lastArchive.get(bookId);
    const row = (await sql.operator.get(bookId, id, (archived?.month as bigint | undefined) ?? 0n)) as SqlRow;
    const [before, postings] =
      archived === undefined ? ['0', 0] : ((JSON.parse(archived.operators as string) as OperatorTotals)[id] ?? ['0', 0]);
    const spent = BigInt(before) + (row.high as bigint) * 4_294_967_296n + (row.low as bigint);
    const createdAt = Number(((await sql.book.get(bookId)) as SqlRow).created_at);
    const none = { ceiling: 0n, limit: 0n, held: 0n, overrun: 0n, version: 0n };
    const unset = { parent: null, expiresAt: null, opensAt: null, stateReason: null, head: '' };
    return {
      id,
      kind: 'operator',
      tenantId: 'operator',
      asset,
      spent,
      state: 'active',
      seq: BigInt(postings) + (row.n as bigint),
      createdAt,
      ...none,
      ...unset,
    };
  }

  function operators(): Promise<readonly Account[]> {
    return Promise.all(OPERATORS_READ.flatMap((name) => ASSETS.map((asset) => operator(name, asset))));
  }

  return {
    async account(id: string): Promise<Account | null> {
      const row = await sql.account.get(bookId, id);
      if (row !== undefined) return toAccount(accountRow(row));
      if (!id.startsWith(OPERATOR_PREFIX)) return null;
      return (await operators()).find((account) => account.id === id) ?? null;
    },
    /** Operator accounts only where they are asked for: their balances are summed up from the postings. */
    async accounts(kind?: AccountKind): Promise<readonly Account[]> {
      if (kind === 'operator') return operators();
      const all = (await sql.accounts.all(bookId)).map((row) => toAccount(accountRow(row)));
      return kind === undefined ? all : all.filter((account) => account.kind === kind);
    },
    async sources(): Promise<readonly SourceRow[]> {
      return (await sql.sources.all(bookId)).map(sourceOf);
    },
    async keys(): Promise<readonly KeyRow[]> {
      return (await sql.keys.all(bookId)).map(keyOf);
    },
    async key(id: string): Promise<KeyRow | null> {
      const row = await sql.key.get(bookId, id);
      return row === undefined ? null : keyOf(row);
    },
    async keyOf(hash: string): Promise<KeyRow | null> {
      const row = await sql.keyByHash.get(bookId, hash);
      return row === undefined ? null : keyOf(row);
    },
    async reconciliations(sourceId?: string): Promise<readonly Reconciliation[]> {
      const rows = await (sourceId === undefined ? sql.reconciliations.all(bookId) : sql.reconciliationsOf.all(bookId, sourceId));
      return rows.map(reconciliationOf);
    },
    async tampered(): Promise<readonly TamperFinding[]> {
      const rows = await sql.evidence.all(bookId, LIMITS.rowsMax);
      return rows.map((row) => ({
        accountId: row.subject as string,
        what: JSON.parse(row.body as string).what as string,
        at: Number(row.at),
      }));
    },
  };
}

/** Holds and receipts. */
function receiptReads(sql: Statements, bookId: string) {
  async function holdRow(row: SqlRow): Promise<HoldRow> {
    const lines = await sql.holdLines.all(row.hold_no as bigint);
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
      lines: lines.map(holdLineOf),
    };
  }

  /** A receipt whose rows are not all here: its call is running, or they are in an archive. */
  async function elsewhere(receiptId: string): Promise<ReceiptRecord | ArchivedReceipt | null> {
    const hold = await sql.holdOfReceipt.get(bookId, receiptId);
    if (hold === undefined) return null;
    const at = hold.lane_no === null ? null : await archivedAt(sql, bookId, hold.lane_no as bigint, hold.lane_seq as bigint);
    return at === null ? { status: 'open', receiptId } : { status: 'archived', at };
  }

  return {
    async openHolds(limit: number): Promise<readonly HoldRow[]> {
      return Promise.all((await sql.openHolds.all(bookId, rowLimit(limit))).map(holdRow));
    },
    async holdRow(holdId: string): Promise<HoldRow | null> {
      const row = await sql.hold.get(bookId, holdId);
      return row === undefined ? null : holdRow(row);
    },
    /** @param after the last id of the page before, or ''. */
    async reservations(after: string, limit: number): Promise<readonly Reservation[]> {
      const rows = await sql.openReservations.all(bookId, bookId, after, rowLimit(limit));
      return [...Map.groupBy(rows, ({ reservation_id }) => reservation_id).values()].map((lines) =>
        reservationOf(lines[0] as SqlRow, lines),
      );
    },
    async reservation(reservationId: string): Promise<Reservation | null> {
      const lines = await sql.reservation.all(bookId, reservationId);
      return lines[0] === undefined ? null : reservationOf(lines[0], lines);
    },
    async receipt(receiptId: string): Promise<ReceiptRecord | ArchivedReceipt | null> {
      const row = await sql.receipt.get(bookId, receiptId);
      if (row === undefined) return elsewhere(receiptId);
      const found = { receiptId, receipt: receiptOf(row), detail: detailOf(row) };
      const group = await sql.group.get(row.lane_no as bigint, row.seq as bigint);
      if (group === undefined || (group.seq_from as bigint) > (row.seq as bigint)) {
        // Its root may be gone already, and it may be next: then the archive has both.
        const at = await archivedAt(sql, bookId, row.lane_no as bigint, row.seq as bigint);
        return at === null ? { status: 'unsigned', ...found } : { status: 'archived', at };
      }
      return { status: 'signed', ...found, group: receiptGroupOf(group, row.lane_id as Hex) };
    },
    /** @param now Unix ms. */
    async replay(receiptId: string, now: number): Promise<KeptReplay> {
      const row = await sql.replay.get(bookId, receiptId, now);
      if (row === undefined) return { result: 'none' };
      return {
        result: 'kept',
        callId: row.call_id as string,
        expiresAt: Number(row.expires_at),
        sealed: bytesOf(row.sealed as Uint8Array),
      };
    },
    async receiptsOf(laneId: Hex, seqFrom: bigint, seqTo: bigint): Promise<readonly Receipt[]> {
      if (seqTo - seqFrom >= BigInt(LIMITS.rowsMax)) throw invalid('seqTo', `asks for more than ${LIMITS.rowsMax} receipts`);
      return (await sql.receipts.all(bookId, laneId, seqFrom, seqTo, LIMITS.rowsMax)).map(receiptOf);
    },
  };
}

/** What a source paid for its burned holds, less what was given back. Holds and reconciliations stay in the books when months are archived. */
async function burnedOf(sql: Statements, bookId: string, sourceId: string): Promise<bigint> {
  const { high, low } = (await sql.burned.get(bookId, sourceId)) as SqlRow;
  const given = (await sql.reconciliationsOf.all(bookId, sourceId)).reduce((sum, { returned }) => sum + (returned as bigint), 0n);
  const burned = (high as bigint) * 4_294_967_296n + (low as bigint);
  return burned > given ? burned - given : 0n;
}

/** Where an archived receipt is. */
async function archivedAt(sql: Statements, bookId: string, laneNo: bigint, seq: bigint): Promise<ArchivedAt | null> {
  const row = await sql.archivedAt.get(bookId, laneNo, seq, seq);
  return row === undefined ? null : { month: Number(row.month), fileHash: row.file_hash as string };
}

/** The lanes, the outbox, and the months that are archived. */
function laneReads(sql: Statements, bookId: string) {
  return {
    async lanes(): Promise<readonly Lane[]> {
      const rows = await sql.lanes.all(bookId);
      return rows.map((row) => ({
        laneId: row.lane_id as Hex,
        nextSeq: row.next_seq as bigint,
        signedTo: row.signed_to as bigint,
        isAbandoned: row.owner_epoch === '',
      }));
    },
    async outbox(after: bigint, limit: number): Promise<readonly OutboxEvent[]> {
      return (await sql.outbox.all(bookId, after, rowLimit(limit))).map(eventOf);
    },
    async changes(after: bigint, limit: number): Promise<readonly OutboxEvent[]> {
      return (await sql.changes.all(bookId, after, rowLimit(limit))).map(eventOf);
    },
    async changesEnd(): Promise<bigint> {
      return ((await sql.changesEnd.get(bookId))?.seq as bigint | undefined) ?? 0n;
    },
    /** Receipts from a number on that are of the same month as the first of them. */
    async ofOneMonth(laneId: Hex, seqFrom: bigint, seqTo: bigint): Promise<readonly Receipt[]> {
      return (await sql.nextOfMonth.all(bookId, laneId, seqFrom, seqTo, seqFrom)).map(receiptOf);
    },
    /** A month is archived with its roots, so none spans two. @throws STATE_INVALID */
    async refuseTwoMonths({ laneId, seqFrom, seqTo }: ReceiptGroup): Promise<void> {
      const [first, last] = await sql.months.all(bookId, laneId, seqFrom, seqTo);
      if (first === undefined || last === undefined || first.month === last.month) return;
      throw new TallyError('STATE_INVALID', 'A root covers receipts of one month.', { seqFrom: String(seqFrom), seqTo: String(seqTo) });
    },
    /** Where a receipt is that is not in the books any more; null where it is, or never was. */
    async archivedIn(laneId: Hex, seq: bigint): Promise<ArchivedAt | null> {
      const lane = (await sql.lanes.all(bookId)).find((row) => row.lane_id === laneId);
      return lane === undefined ? null : archivedAt(sql, bookId, lane.lane_no as bigint, seq);
    },
    /** Oldest first. */
    async archives(): Promise<readonly Archive[]> {
      const lanes = Map.groupBy(await sql.archiveLanes.all(bookId), ({ month }) => month);
      return (await sql.archives.all(bookId)).map((row) => archiveOf(row, lanes.get(row.month as bigint) ?? []));
    },
  };
}

/** Plain bytes, whatever kind of them the engine gives. */
function bytesOf({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

function rowLimit(limit: number): number {
  return Math.max(0, Math.min(Math.trunc(limit), LIMITS.rowsMax));
}

function eventOf(row: SqlRow): OutboxEvent {
  return {
    seq: row.seq as bigint,
    topic: row.topic as string,
    subject: row.subject as string,
    at: Number(row.at),
    body: row.body as string,
  };
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
    pool: Number(row.pool) === 1,
    groups: JSON.parse(row.group_ids as string) as string[],
    minutesAccountId: row.minutes_account_id as string | null,
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
    use: row.used_for as KeyRow['use'],
  };
}
