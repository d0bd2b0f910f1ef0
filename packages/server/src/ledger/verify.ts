import type { KeyObject } from 'node:crypto';
import type { Database, SqlRow } from '#ground/database';
import { type AccountRow, accountDifferences, accountRow } from './account-row.ts';
import { accountAfter, postingOf } from './audit.ts';
import { CHAIN_START, type Posting, postingMac, receiptDigest, reconciliationDigest } from './chain.ts';
import { TAMPERED } from './mend.ts';
import { RECEIPT_SELECT, receiptFields } from './receipt-fields.ts';
import { reconciliationOf } from './reconciliation-rows.ts';

/** More findings than this are not listed: the first say what is wrong. */
const FINDINGS_MAX = 1_000;

const TRIGGERS = [
  'accounts_no_delete',
  'evidence_no_delete',
  'evidence_no_update',
  'hold_lines_no_delete',
  'hold_lines_no_update',
  'holds_end_once',
  'holds_no_delete',
  'holds_no_update',
  'postings_no_delete',
  'postings_no_update',
  'receipt_groups_no_delete',
  'receipt_groups_no_update',
  'receipts_no_delete',
  'receipts_no_update',
  'reconciliations_no_delete',
  'reconciliations_no_update',
];

type Context = { readonly db: Database; readonly bookId: string; readonly key: KeyObject; readonly say: (finding: string) => void };

/**
 * Recomputes the books from their postings, in one snapshot: every chain and balance, held against open holds, every receipt against its
 * source's postings, every lane and every source's running sum.
 * @param db a reading connection.
 * @returns one sentence per finding; empty where all agree.
 */
export function verifyBooks(db: Database, bookId: string, key: KeyObject): readonly string[] {
  const findings: string[] = [];
  const say = (finding: string) => {
    if (findings.length < FINDINGS_MAX) findings.push(finding);
  };
  const context = { db, bookId, key, say };
  db.exec('BEGIN');
  try {
    verifySchema(context);
    verifyChains(context);
    verifyHolds(context);
    verifyReceipts(context);
    verifySources(context);
    verifyLanes(context);
    verifyReconciliations(context);
  } finally {
    db.exec('COMMIT');
  }
  return findings;
}

function* rows({ db }: Context, sql: string, ...values: (string | bigint | number)[]): Generator<SqlRow> {
  for (const row of db.prepare(sql).iterate(...values)) yield row as SqlRow;
}

function verifySchema(context: Context): void {
  for (const row of rows(context, 'PRAGMA quick_check(10)')) {
    if (row.quick_check !== 'ok') context.say(`the file is damaged: ${row.quick_check}`);
  }
  const there = new Set([...rows(context, "SELECT name FROM sqlite_schema WHERE type = 'trigger'")].map(({ name }) => name));
  for (const name of TRIGGERS) if (!there.has(name)) context.say(`the guard ${name} is gone`);
}

function verifyChains(context: Context): void {
  const { bookId, say } = context;
  const postings = context.db.prepare('SELECT * FROM postings WHERE book_id = ? AND account_id = ? ORDER BY seq');
  for (const sql of rows(context, 'SELECT * FROM accounts WHERE book_id = ?', bookId)) {
    const row = accountRow(sql);
    const last = replay(context, row, postings.iterate(bookId, row.id) as Iterable<SqlRow>);
    if (last === null) say(`account ${row.id} has no postings`);
    else {
      const changed = accountDifferences(row, last);
      if (changed.length > 0) say(`account ${row.id} differs from its postings: ${changed.join(', ')}`);
    }
    if (row.stateReason === TAMPERED) say(`account ${row.id} is ${row.state} because it was changed behind the ledger`);
  }
  const orphans = `SELECT DISTINCT account_id FROM postings p WHERE book_id = ?
    AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.book_id = p.book_id AND a.account_id = p.account_id)`;
  for (const row of rows(context, orphans, bookId)) say(`account ${row.account_id} is gone, its postings are there`);
}

/** Runs through an account's postings. @returns the account as they leave it, or null where there are none. */
function replay({ bookId, key, say }: Context, row: AccountRow, postings: Iterable<SqlRow>): AccountRow | null {
  let before: AccountRow | null = null;
  for (const sql of postings) {
    const posting = postingOf(sql);
    const after = accountAfter(row, sql);
    const name = `posting ${after.seq} of account ${row.id}`;
    if (after.seq !== (before?.seq ?? 0n) + 1n) say(`${name} does not follow the one before it`);
    if (postingMac(key, bookId, { ...after, head: before?.head ?? CHAIN_START }, posting) !== after.head) say(`${name} was changed`);
    const spent = spentBy(posting);
    const overrun = posting.kind === 'overrun' ? posting.amount : 0n;
    if (after.spent !== (before?.spent ?? 0n) + spent) say(`${name} does not add up to what was spent`);
    if (after.overrun !== (before?.overrun ?? 0n) + overrun) say(`${name} does not add up to the overrun`);
    if (before !== null && after.ceiling > before.ceiling) say(`${name} raises the ceiling`);
    before = after;
  }
  return before;
}

function spentBy({ kind, amount }: Posting): bigint {
  if (kind === 'reversal') return -amount;
  return kind === 'spend' || kind === 'ambiguous' || kind === 'reconcile' ? amount : 0n;
}

function verifyHolds(context: Context): void {
  const { bookId, say } = context;
  const held = new Map<string, bigint>();
  const open = `SELECT l.account_id, l.amount FROM holds h JOIN hold_lines l ON l.hold_no = h.hold_no WHERE h.book_id = ? AND h.state = 'open'`;
  for (const row of rows(context, open, bookId)) {
    const id = row.account_id as string;
    held.set(id, (held.get(id) ?? 0n) + (row.amount as bigint));
  }
  for (const row of rows(context, 'SELECT account_id, held FROM accounts WHERE book_id = ?', bookId)) {
    const sum = held.get(row.account_id as string) ?? 0n;
    if (sum !== row.held) say(`account ${row.account_id} holds ${row.held}, its open holds are ${sum}`);
  }
  const lost = `SELECT h.hold_id, h.state FROM holds h WHERE h.book_id = ? AND (h.state = 'open') =
    EXISTS (SELECT 1 FROM receipts r WHERE r.lane_no = h.lane_no AND r.seq = h.lane_seq AND r.hold_no = h.hold_no)`;
  for (const row of rows(context, lost, bookId)) {
    say(row.state === 'open' ? `hold ${row.hold_id} is open and has a receipt` : `hold ${row.hold_id} is ${row.state} and has no receipt`);
  }
}

function verifyReceipts(context: Context): void {
  const { bookId, say, db } = context;
  const charges = db.prepare(
    `SELECT account_id, amount, digest FROM postings WHERE book_id = ?1 AND business_id >= 'hold:' || ?2 || ':' AND business_id < 'hold:' || ?2 || ';'`,
  );
  const kinds: Readonly<Record<string, readonly bigint[]>> = { settled: [1n, 3n], burned: [2n], released: [1n] };
  const select = RECEIPT_SELECT.replace('SELECT ', 'SELECT h.source_id AS hold_source, h.state, h.lane_no AS hold_lane, h.lane_seq, ');
  for (const row of rows(context, `${select} WHERE l.book_id = ? ORDER BY r.lane_no, r.seq`, bookId)) {
    const name = `receipt ${row.receipt_id}`;
    const digest = receiptDigest(receiptFields(row));
    let charged = 0n;
    let tied = false;
    for (const posting of charges.iterate(bookId, row.hold_id as string) as Iterable<SqlRow>) {
      if (posting.account_id !== row.source_id) continue;
      charged += posting.amount as bigint;
      tied = posting.digest === digest;
    }
    if (!tied) say(`${name} is not the one that its source was charged by`);
    if (charged !== row.charged) say(`${name} charges ${row.charged}, the postings of its source ${charged}`);
    if (row.hold_source !== row.source_id || row.hold_lane !== row.lane_no || row.lane_seq !== row.seq)
      say(`${name} and its hold disagree`);
    if (kinds[row.state as string]?.includes(row.kind as bigint) !== true) say(`${name} is of kind ${row.kind}, its hold is ${row.state}`);
    const amount = (JSON.parse(row.lines as string) as [number, string, string][]).reduce((sum, line) => sum + BigInt(line[2]), 0n);
    if (amount !== row.amount) say(`${name} does not add up to its amount`);
  }
}

function verifySources(context: Context): void {
  const { bookId, say } = context;
  let source: unknown;
  let seq = 0n;
  let spent = 0n;
  const ends = new Map<string, { seq: bigint; spent: bigint }>();
  const sql = 'SELECT source_id, source_seq, source_spent, charged FROM receipts WHERE book_id = ? ORDER BY source_id, source_seq';
  for (const row of rows(context, sql, bookId)) {
    if (row.source_id !== source) {
      source = row.source_id;
      seq = 0n;
      spent = 0n;
    }
    seq += 1n;
    spent += row.charged as bigint;
    if (row.source_seq !== seq) say(`source ${source}: receipt number ${row.source_seq} stands where ${seq} should`);
    if (row.source_spent !== spent)
      say(`source ${source}: receipt number ${row.source_seq} says ${row.source_spent} spent, the sum is ${spent}`);
    ends.set(source as string, { seq, spent });
  }
  for (const row of rows(context, 'SELECT account_id, receipts, receipted FROM accounts WHERE book_id = ?', bookId)) {
    const end = ends.get(row.account_id as string) ?? { seq: 0n, spent: 0n };
    if (row.receipts !== end.seq || row.receipted !== end.spent) say(`account ${row.account_id} and its receipts disagree`);
  }
}

function verifyLanes(context: Context): void {
  const { bookId, say } = context;
  for (const lane of rows(context, 'SELECT lane_no, lane_id, next_seq, signed_to FROM lanes WHERE book_id = ?', bookId)) {
    const number = lane.lane_no as bigint;
    const [all] = rows(
      context,
      'SELECT count(*) AS n, coalesce(min(seq), 1) AS low, coalesce(max(seq), 0) AS high FROM receipts WHERE lane_no = ?',
      number,
    );
    if (all?.low !== 1n || all.n !== all.high || all.high !== (lane.next_seq as bigint) - 1n) say(`lane ${lane.lane_id} is not contiguous`);
    let signedTo = 0n;
    for (const group of rows(context, 'SELECT seq_from, seq_to FROM receipt_groups WHERE lane_no = ? ORDER BY seq_to', number)) {
      if (group.seq_from !== signedTo + 1n) say(`the roots of lane ${lane.lane_id} are not contiguous at ${group.seq_from}`);
      signedTo = group.seq_to as bigint;
    }
    if (signedTo !== lane.signed_to) say(`lane ${lane.lane_id} says ${lane.signed_to} are signed, its roots say ${signedTo}`);
  }
}

/** Every reconciliation is the one of its posting, and every posting that one made still has it: the interval would be open again without. */
function verifyReconciliations(context: Context): void {
  const { bookId, say, db } = context;
  const made = db.prepare('SELECT kind, amount, digest FROM postings WHERE book_id = ? AND account_id = ? AND seq = ?');
  const known = new Map<string, bigint>();
  for (const row of rows(context, 'SELECT * FROM reconciliations WHERE book_id = ?', bookId)) {
    const reconciliation = reconciliationOf(row);
    const { sourceId, returned } = reconciliation;
    const posting = made.get(bookId, sourceId, row.posting_seq as bigint) as SqlRow | undefined;
    known.set(sourceId, (known.get(sourceId) ?? 0n) + 1n);
    if (posting?.digest !== reconciliationDigest(reconciliation) || (returned > 0n && posting.amount !== returned))
      say(`a reconciliation of account ${sourceId} is not the one that its posting ${row.posting_seq} was made by`);
  }
  const sql = `SELECT account_id, count(*) AS n FROM postings
    WHERE book_id = ? AND kind IN ('reconcile', 'reversal') AND digest <> '' GROUP BY account_id`;
  for (const row of rows(context, sql, bookId)) {
    if (row.n !== (known.get(row.account_id as string) ?? 0n))
      say(`a reconciliation of account ${row.account_id} is gone, its posting is there`);
  }
}
