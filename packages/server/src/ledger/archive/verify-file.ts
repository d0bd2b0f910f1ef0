import type { KeyObject } from 'node:crypto';
import { groupTree, type Hex } from '@tallystick/core';
import type { Database, SqlRow } from '#ground/database';
import { type AccountRow, accountRow } from '../account-row.ts';
import { accountAfter } from '../audit.ts';
import { reconciliationDigest } from '../chain.ts';
import { RECEIPT_SELECT } from '../receipt-fields.ts';
import { receiptOf } from '../receipt-rows.ts';
import { reconciliationOf } from '../reconciliation-rows.ts';
import { type Cut, RECEIPT_CHECK, RECEIPTS_AT_ONCE, type Verifying, verifyPosting, verifySome } from '../verify.ts';
import { columnsOf, holdsSum, keptSum, reconciliationsSum } from './columns.ts';
import { OperatorSums } from './operators.ts';
import { type FileHeader, headerOf } from './seal-file.ts';

const FINDINGS_MAX = 1_000;

type Context = Verifying & { readonly db: Database; readonly header: FileHeader };

export type FileVerdict = { readonly header: FileHeader | null; readonly findings: readonly string[] };

/**
 * Verifies an archive by itself: its chains from the checkpoint before to the one after, every receipt against its source's postings, each
 * source's running sum, the lanes, and every root over its receipts.
 * @param db a reading connection.
 */
export async function verifyArchiveFile(db: Database, key: KeyObject): Promise<FileVerdict> {
  const findings: string[] = [];
  const say = (finding: string) => {
    if (findings.length < FINDINGS_MAX) findings.push(finding);
  };
  for (const { quick_check } of db.prepare('PRAGMA quick_check(10)').all() as SqlRow[])
    if (quick_check !== 'ok') say(`the file is damaged: ${quick_check}`);
  const header = headerOf(db, key);
  if (header === null) return { header, findings: [...findings, 'the file is no archive of this format'] };
  if (!header.isSealed) say('what the file says of itself was changed, or it is of other books');
  const context: Context = { ...engineOf(db), bookId: header.bookId, key, say, db, header };
  const ends = verifyPostings(context);
  verifyHolds(context);
  await verifyReceipts(context, ends);
  verifyLanes(context);
  verifyReconciliations(context);
  counted(context, 'outbox', header.after.events);
  return { header, findings };
}

function engineOf(db: Database): Pick<Verifying, 'rows' | 'charges' | 'schemaFindings'> {
  const charges = db.prepare(
    `SELECT ?1 AS hold_id, account_id, amount, digest FROM postings
     WHERE business_id >= 'hold:' || ?1 || ':' AND business_id < 'hold:' || ?1 || ';'`,
  );
  return {
    rows: (sql, ...values) => db.prepare(sql).iterate(...values) as Iterable<SqlRow>,
    charges: (_bookId, holdIds) => holdIds.flatMap((holdId) => charges.all(holdId) as SqlRow[]),
    schemaFindings: () => [],
  };
}

function counted({ db, say }: Context, table: string, expected: number): void {
  const { n } = db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as SqlRow;
  if (n !== BigInt(expected)) say(`${table} has ${n} rows, not ${expected}`);
}

type Ends = { readonly before: ReadonlyMap<string, Cut>; readonly after: ReadonlyMap<string, Cut> };

/** @returns where each chain stood before the month and after it. */
function verifyPostings(context: Context): Ends {
  const { db, key, header, say } = context;
  const { before, after, month } = header;
  const accounts = fixedAccounts(db);
  const kept = keptSum(key, before.kept);
  const operators = new OperatorSums(before.operators);
  const ends = { before: new Map<string, Cut>(), after: new Map<string, AccountRow>() };
  let last: readonly SqlRow[] = [];
  let postings = 0;
  for (const posting of db.prepare('SELECT * FROM postings ORDER BY account_id, seq').iterate()) {
    const id = posting.account_id as string;
    const row = accounts.get(id);
    if (row === undefined) {
      say(`account ${id} is not in the archive, its postings are`);
      continue;
    }
    if (last[0] !== undefined && last[0].account_id !== id) {
      for (const one of last) kept.add(one as SqlRow);
      last = [];
    }
    const isOfMonth = posting.month === BigInt(month);
    const end = ends.after.get(id) ?? null;
    // What is before the first of an earlier month's two is in an earlier archive; the checkpoint's sum covers it.
    const isCut = !isOfMonth && end === null && posting.seq !== 1n;
    const reached = isCut ? accountAfter(row, posting) : verifyPosting(context, row, end, posting);
    ends.after.set(id, reached);
    if (isOfMonth) {
      postings += 1;
      operators.add(posting);
    } else {
      kept.take(posting);
      ends.before.set(id, reached);
    }
    last = [...last.slice(-1), posting];
  }
  for (const one of last) kept.add(one);
  if (postings !== after.postings) say(`the archive has ${postings} postings, not ${after.postings}`);
  if (kept.hex !== after.kept) say('the postings do not lead from the checkpoint before to the one after');
  if (JSON.stringify(operators.totals) !== JSON.stringify(after.operators)) say('what operator accounts received does not add up');
  return ends;
}

function fixedAccounts(db: Database): ReadonlyMap<string, AccountRow> {
  const nothing = { held: 0n, version: 0n, ceiling: 0n, spend_limit: 0n, spent: 0n, overrun: 0n, seq: 0n, receipts: 0n, receipted: 0n };
  const rows = db.prepare('SELECT * FROM accounts').all() as SqlRow[];
  const open = { state: 'active', state_reason: null, expires_at: null, opens_at: null, head: '', ...nothing };
  return new Map(rows.map((row) => [row.account_id as string, accountRow({ ...open, ...row })]));
}

function verifyHolds({ db, key, header, say }: Context): void {
  const sum = holdsSum(key, header.before.holds);
  for (const row of db.prepare(`SELECT ${columnsOf('holds', 't')} FROM holds t`).iterate()) sum.add(row as SqlRow);
  if (sum.hex !== header.after.holds) say('the holds do not lead from the checkpoint before to the one after');
}

async function verifyReceipts(context: Context, { before, after }: Ends): Promise<void> {
  const { db, say } = context;
  counted(context, 'receipts', context.header.after.receipts);
  let some: SqlRow[] = [];
  for (const row of db.prepare(`${RECEIPT_CHECK} ORDER BY r.lane_no, r.seq`).iterate()) {
    some.push(row as SqlRow);
    if (some.length < RECEIPTS_AT_ONCE) continue;
    await verifySome(context, some);
    some = [];
  }
  await verifySome(context, some);
  const running = new Map<string, { receipts: bigint; receipted: bigint }>();
  for (const row of db
    .prepare('SELECT source_id, source_seq, source_spent, charged FROM receipts ORDER BY source_id, source_seq')
    .iterate()) {
    const id = row.source_id as string;
    const { receipts, receipted } = running.get(id) ?? before.get(id) ?? { receipts: 0n, receipted: 0n };
    const next = { receipts: receipts + 1n, receipted: receipted + (row.charged as bigint) };
    if (row.source_seq !== next.receipts || row.source_spent !== next.receipted)
      say(`source ${id}: receipt number ${row.source_seq} does not follow the one before it`);
    running.set(id, next);
  }
  for (const [id, end] of after) {
    const { receipts, receipted } = running.get(id) ?? before.get(id) ?? { receipts: 0n, receipted: 0n };
    if (end.receipts !== receipts || end.receipted !== receipted) say(`account ${id} and its receipts disagree`);
  }
}

function verifyLanes(context: Context): void {
  const { db, header, say } = context;
  counted(context, 'receipt_groups', header.after.roots);
  counted(context, 'lanes', header.after.lanes.length);
  const receipts = db.prepare(`${RECEIPT_SELECT} WHERE r.lane_no = ? AND r.seq BETWEEN ? AND ? ORDER BY r.seq`);
  const groups = db.prepare('SELECT * FROM receipt_groups WHERE lane_no = ? ORDER BY seq_to');
  for (const { laneNo, seqFrom, seqTo } of header.after.lanes) {
    let next = seqFrom;
    for (const group of groups.iterate(laneNo)) {
      const name = `the root over receipts ${group.seq_from} to ${group.seq_to} of lane number ${laneNo}`;
      if (group.seq_from !== next) say(`${name} does not follow the one before it`);
      next = (group.seq_to as bigint) + 1n;
      const rows = receipts.all(laneNo, group.seq_from as bigint, group.seq_to as bigint) as SqlRow[];
      const tree = rootOf(rows);
      if (tree === null || tree.root !== group.root || String(tree.total) !== group.total) say(`${name} is not theirs`);
    }
    if (next !== seqTo + 1n) say(`the roots of lane number ${laneNo} do not cover its receipts`);
  }
}

function rootOf(rows: readonly SqlRow[]): { readonly root: Hex; readonly total: bigint } | null {
  try {
    return groupTree(rows.map(receiptOf));
  } catch {
    return null;
  }
}

function verifyReconciliations({ db, key, header, say }: Context): void {
  const sum = reconciliationsSum(key, header.before.reconciliations);
  const posting = db.prepare('SELECT digest FROM postings WHERE account_id = ? AND seq = ?');
  for (const row of db.prepare(`SELECT ${columnsOf('reconciliations', 't')} FROM reconciliations t`).iterate()) {
    sum.add(row as SqlRow);
    const { digest } = (posting.get(row.source_id as string, row.posting_seq as bigint) as SqlRow | undefined) ?? { digest: null };
    if (digest !== reconciliationDigest(reconciliationOf(row as SqlRow)))
      say(`a reconciliation of account ${row.source_id} is not the one that its posting ${row.posting_seq} was made by`);
  }
  if (sum.hex !== header.after.reconciliations) say('the reconciliations do not lead from the checkpoint before to the one after');
}
