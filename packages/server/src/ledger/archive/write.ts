import type { KeyObject } from 'node:crypto';
import type { Database, SqlRow } from '#ground/database';
import { LedgerFault } from '../fault.ts';
import { monthName } from '../months.ts';
import type { ArchiveEngine } from './choose.ts';
import { type ArchivedTable, COLUMNS, columnsOf, holdsSum, keptSum, reconciliationsSum } from './columns.ts';
import { OperatorSums } from './operators.ts';
import { sealFile } from './seal-file.ts';
import type { KeyedSum } from './sums.ts';
import type { ArchiveContents, Checkpoint, LaneSpan } from './types.ts';

/** @param month the month to write; `before` the checkpoint that it follows. */
export type Writing = { readonly bookId: string; readonly month: number; readonly before: Checkpoint; readonly key: KeyObject };

type Value = string | number | bigint;
type Context = Writing & { readonly engine: ArchiveEngine; readonly db: Database };

/**
 * Writes a month's rows into an empty archive file.
 * @throws LedgerFault TAMPERED where the books are not as they should be
 */
export async function writeMonth(engine: ArchiveEngine, db: Database, writing: Writing): Promise<ArchiveContents> {
  const context: Context = { ...writing, engine, db };
  db.exec('BEGIN');
  const { postings, kept, operators, accounts } = await writePostings(context);
  await writeAccounts(context, accounts);
  const { receipts, lanes } = await writeReceipts(context);
  const holds = await writeHolds(context, lanes);
  await writeLanes(context, lanes);
  let roots = 0;
  for (const lane of lanes) roots += await writeRoots(context, lane);
  const { bookId, month } = writing;
  const events = await copy(context, 'outbox', {
    from: 'FROM outbox t WHERE t.book_id = ? AND t.month = ?',
    values: [bookId, month],
    key: ['seq'],
  });
  const reconciliations = await writeReconciliations(context);
  const sums = { kept, holds, reconciliations, operators };
  const contents: ArchiveContents = { month, postings, receipts, roots, events, lanes, ...sums };
  sealFile(db, writing, contents);
  db.exec('COMMIT');
  return contents;
}

type Copy = {
  /** What comes after the columns, up to and with the conditions. */
  readonly from: string;
  readonly values: readonly Value[];
  /** Columns that tell the rows apart, in their order: by them the rows are read some at a time. */
  readonly key: readonly string[];
};

/** Copies rows of the books as they stand. @returns how many. */
async function copy({ engine, db }: Context, table: ArchivedTable, copied: Copy, each?: (row: SqlRow) => void): Promise<number> {
  const add = adder(db, table);
  let rows = 0;
  for await (const row of inPages(engine, table, copied)) {
    each?.(row);
    add(row);
    rows += 1;
  }
  return rows;
}

/** Rows that are read at once. */
const PAGE = 1_000;

/**
 * A table in pages, each a read of its own: a read that took as long as the whole table would keep SQLite from emptying its write-ahead log,
 * and that makes calls wait. Nothing that is read here is ever changed, and the month is closed, so every page is of one and the same whole.
 */
async function* inPages({ rows }: ArchiveEngine, table: ArchivedTable, { from, values, key }: Copy): AsyncGenerator<SqlRow> {
  const keys = key.map((column) => `t.${column}`).join(', ');
  const select = `SELECT ${columnsOf(table, 't')} ${from}`;
  const page = `ORDER BY ${keys} LIMIT ${PAGE}`;
  let last: SqlRow | undefined;
  for (;;) {
    const found: SqlRow[] = [];
    const after = last;
    const next: [string, readonly Value[]] =
      after === undefined
        ? [`${select} ${page}`, []]
        : [`${select} AND (${keys}) > (${key.map(() => '?').join(', ')}) ${page}`, key.map((column) => after[column] as Value)];
    for await (const row of rows(next[0], ...values, ...next[1])) found.push(row);
    yield* found;
    last = found.at(-1);
    if (found.length < PAGE) return;
  }
}

function adder(db: Database, table: ArchivedTable): (row: SqlRow) => void {
  const columns: readonly string[] = COLUMNS[table];
  const statement = db.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`);
  return (row) => void statement.run(...columns.map((column) => row[column] as SqlRow[string]));
}

/** One account's postings as they come: the last two of earlier months, and the last two of all. */
type Run = { readonly id: string; readonly earlier: SqlRow[]; last: SqlRow[]; months: number };

type Posted = { postings: number; kept: string; operators: ArchiveContents['operators']; accounts: ReadonlySet<string> };

async function writePostings({ engine, db, bookId, month, before, key }: Context): Promise<Posted> {
  const add = adder(db, 'postings');
  const addSpan = db.prepare('INSERT INTO spans (account_id, seq_from, seq_to) VALUES (?, ?, ?)');
  const kept = keptSum(key, before.kept);
  const operators = new OperatorSums(before.operators);
  const accounts = new Set<string>();
  let run: Run = { id: '', earlier: [], last: [], months: 0 };
  let postings = 0;
  const end = () => {
    if (run.months === 0) return;
    accounts.add(run.id);
    for (const row of run.last) kept.add(row);
    const from = (run.earlier[0]?.seq ?? 1n) as bigint;
    const to = (run.last[0]?.seq as bigint) - 1n;
    if (to >= from) addSpan.run(run.id, from, to);
  };
  const from = 'FROM postings t WHERE t.book_id = ? AND t.month <= ?';
  for await (const row of inPages(engine, 'postings', { from, values: [bookId, month], key: ['account_id', 'seq'] })) {
    if (row.account_id !== run.id) {
      end();
      run = { id: row.account_id as string, earlier: [], last: [], months: 0 };
    }
    checkNext(run, row, before.month);
    if (row.month === BigInt(month)) {
      if (run.months === 0) takeEarlier(run, kept, add);
      run.months += 1;
      postings += 1;
      operators.add(row);
      add(row);
    } else run.earlier.push(row);
    run.last = [...run.last.slice(-1), row];
  }
  end();
  return { postings, kept: kept.hex, operators: operators.totals, accounts };
}

/** What is left of earlier months are two postings at most, and a chain has no gaps: nothing is archived over books that are not sound. */
function checkNext({ id, earlier, last, months }: Run, row: SqlRow, archivedTo: number): void {
  const before = last.at(-1);
  const isFirst = row.seq === 1n || (row.month as bigint) <= BigInt(archivedTo);
  const follows = before === undefined ? isFirst : row.seq === (before.seq as bigint) + 1n;
  const inOrder = before === undefined || (before.month as bigint) <= (row.month as bigint);
  if (follows && inOrder && (months > 0 || earlier.length <= 2)) return;
  throw new LedgerFault('TAMPERED', `Posting ${row.seq} of account ${id} does not follow the one before it.`, { accountId: id });
}

function takeEarlier({ earlier }: Run, kept: KeyedSum, add: (row: SqlRow) => void): void {
  for (const row of earlier) {
    kept.take(row);
    add(row);
  }
}

async function writeAccounts({ engine, db, bookId }: Context, accounts: ReadonlySet<string>): Promise<void> {
  const add = adder(db, 'accounts');
  const all = { from: 'FROM accounts t WHERE t.book_id = ?', values: [bookId], key: ['account_id'] };
  for await (const row of inPages(engine, 'accounts', all)) if (accounts.has(row.account_id as string)) add(row);
}

async function writeReceipts(context: Context): Promise<{ receipts: number; lanes: readonly LaneSpan[] }> {
  const { bookId, month } = context;
  const lanes = new Map<bigint, LaneSpan>();
  const from = 'FROM receipts t WHERE t.book_id = ? AND t.month = ?';
  const receipts = await copy(context, 'receipts', { from, values: [bookId, month], key: ['lane_no', 'seq'] }, (row) => {
    const [laneNo, seq] = [row.lane_no as bigint, row.seq as bigint];
    const lane = lanes.get(laneNo);
    if (lane !== undefined && seq !== lane.seqTo + 1n)
      throw new LedgerFault('TAMPERED', `Receipt ${seq} does not follow the one before it.`);
    lanes.set(laneNo, { laneNo, seqFrom: lane?.seqFrom ?? seq, seqTo: seq });
  });
  return { receipts, lanes: [...lanes.values()] };
}

/** The holds of a lane's receipts, found by the receipts' own numbers. */
async function writeHolds(context: Context, lanes: readonly LaneSpan[]): Promise<string> {
  const sum = holdsSum(context.key, context.before.holds);
  const from = 'FROM receipts r JOIN holds t ON t.hold_no = r.hold_no WHERE r.lane_no = ? AND r.seq BETWEEN ? AND ?';
  for (const { laneNo, seqFrom, seqTo } of lanes) {
    for (let low = seqFrom; low <= seqTo; low += BigInt(PAGE)) {
      const high = low + BigInt(PAGE) - 1n < seqTo ? low + BigInt(PAGE) - 1n : seqTo;
      await copy(context, 'holds', { from, values: [laneNo, low, high], key: ['hold_no'] }, (row) => sum.add(row));
    }
  }
  return sum.hex;
}

async function writeLanes(context: Context, lanes: readonly LaneSpan[]): Promise<void> {
  for (const { laneNo } of lanes)
    await copy(context, 'lanes', { from: 'FROM lanes t WHERE t.lane_no = ?', values: [laneNo], key: ['lane_no'] });
}

/** A lane's roots cover its receipts of the month, and no others: none spans two months. */
async function writeRoots(context: Context, { laneNo, seqFrom, seqTo }: LaneSpan): Promise<number> {
  let next = seqFrom;
  const from = 'FROM receipt_groups t WHERE t.lane_no = ? AND t.seq_to >= ? AND t.seq_from <= ?';
  const roots = await copy(context, 'receipt_groups', { from, values: [laneNo, seqFrom, seqTo], key: ['seq_to'] }, (row) => {
    if (row.seq_from !== next) throw new LedgerFault('TAMPERED', `The roots of a lane are not contiguous at ${row.seq_from}.`);
    next = (row.seq_to as bigint) + 1n;
  });
  if (next === seqTo + 1n) return roots;
  throw new LedgerFault('STATE_INVALID', `A signed root spans the end of ${monthName(context.month)}, or is missing: receipt ${next}.`);
}

async function writeReconciliations(context: Context): Promise<string> {
  const { bookId, month, before, key } = context;
  const sum = reconciliationsSum(key, before.reconciliations);
  const from = `FROM reconciliations t JOIN postings p ON p.book_id = t.book_id AND p.account_id = t.source_id AND p.seq = t.posting_seq
    WHERE t.book_id = ? AND p.month = ?`;
  await copy(context, 'reconciliations', { from, values: [bookId, month], key: ['source_id', 'posting_seq'] }, (row) => sum.add(row));
  return sum.hex;
}
