import type { KeyObject } from 'node:crypto';
import type { SqlRow } from '#ground/database';
import { type AccountRow, accountDifferences, accountRow } from './account-row.ts';
import { type Base, verifyBase, verifyKeptHolds } from './archive/base.ts';
import { keptSum, reconciliationsSum } from './archive/columns.ts';
import { accountAfter, postingOf } from './audit.ts';
import { CHAIN_START, type Posting, postingMac, receiptDigest, reconciliationDigest } from './chain.ts';
import { TAMPERED } from './mend.ts';
import { RECEIPT_SELECT, receiptFields } from './receipt-fields.ts';
import { reconciliationOf } from './reconciliation-rows.ts';
import { changedRecord, soundRecord } from './record-row.ts';
import { reserved, verifyReservations } from './verify-reservations.ts';

/** More findings than this are not listed: the first say what is wrong. */
const FINDINGS_MAX = 1_000;

const TRIGGERS = [
  'accounts_no_delete',
  'archive_lanes_no_delete',
  'archive_lanes_no_update',
  'archives_no_delete',
  'archives_no_update',
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
  'reservation_holds_no_delete',
  'reservation_holds_no_update',
  'reservation_lines_no_delete',
  'reservation_lines_no_update',
  'reservations_end_once',
  'reservations_no_delete',
  'reservations_no_update',
];

/** How one engine answers the verification: all in one snapshot. */
export type VerifyEngine = {
  /** @param sql with `?` for each value. */
  rows(sql: string, ...values: readonly (string | bigint | number)[]): Iterable<SqlRow> | AsyncIterable<SqlRow>;
  /** The same for rows that may have megabytes. */
  largeRows: VerifyEngine['rows'];
  /** What is wrong with the schema, its guards, or the file. */
  schemaFindings(guards: readonly string[]): readonly string[] | Promise<readonly string[]>;
  /** The postings of these holds: `hold_id`, `account_id`, `amount`, `digest`. */
  charges(bookId: string, holdIds: readonly string[]): readonly SqlRow[] | Promise<readonly SqlRow[]>;
};

/** What every part of the verification has. */
export type Verifying = Omit<VerifyEngine, 'largeRows'> & {
  readonly bookId: string;
  readonly key: KeyObject;
  readonly say: (finding: string) => void;
};

/** @param base what stays of archived months: everything after it is recomputed. */
type Context = Verifying & { readonly base: Base };

/** Where a chain stood when the last archived month ended. */
export type Cut = Pick<AccountRow, 'seq' | 'receipts' | 'receipted'>;

/**
 * Recomputes the books from their postings, in one snapshot: every chain and balance, held against open holds, every receipt against its
 * source's postings, every lane and every source's running sum.
 * @returns one sentence per finding; empty where all agree.
 */
export async function verifyBooks(engine: VerifyEngine, bookId: string, key: KeyObject): Promise<readonly string[]> {
  const findings: string[] = [];
  const say = (finding: string) => {
    if (findings.length < FINDINGS_MAX) findings.push(finding);
  };
  const verifying: Verifying = { ...engine, bookId, key, say };
  for (const finding of await engine.schemaFindings(TRIGGERS)) say(finding);
  const context: Context = { ...verifying, base: await verifyBase(verifying) };
  const cuts = await verifyChains(context);
  await verifyHolds(context);
  await verifyReservations(context);
  await verifyReceipts(context);
  await verifySources(context, cuts);
  await verifyLanes(context);
  await verifyReconciliations(context, cuts);
  await verifyRecords(context, engine);
  return findings;
}

/** Runs through all postings, account by account, beside the accounts' own rows. @returns where the chains stood at the last checkpoint. */
async function verifyChains(context: Context): Promise<ReadonlyMap<string, Cut>> {
  const { bookId, say, base } = context;
  const accounts = new Map<string, AccountRow>();
  for await (const sql of context.rows('SELECT * FROM accounts WHERE book_id = ?', bookId)) {
    const row = accountRow(sql);
    accounts.set(row.id, row);
  }
  const ends = new Map<string, AccountRow | null>();
  const kept = new Kept(context, accounts, ends);
  for await (const posting of context.rows('SELECT * FROM postings WHERE book_id = ? ORDER BY account_id, seq', bookId)) {
    const id = posting.account_id as string;
    if (kept.takes(posting)) continue;
    const row = accounts.get(id);
    if (row !== undefined) ends.set(id, verifyPosting(context, row, ends.get(id) ?? null, posting));
    else if (!ends.has(id)) {
      say(`account ${id} is gone, its postings are there`);
      ends.set(id, null);
    }
  }
  const cuts = kept.close(base.kept);
  for (const row of accounts.values()) {
    const last = ends.get(row.id) ?? null;
    const changed = last === null ? [] : accountDifferences(row, last);
    if (last === null) say(`account ${row.id} has no postings`);
    if (changed.length > 0) say(`account ${row.id} differs from its postings: ${changed.join(', ')}`);
    if (row.stateReason === TAMPERED) say(`account ${row.id} is ${row.state} because it was changed behind the ledger`);
  }
  return cuts;
}

/** The last two postings of each account that an archive left in the books: its chain goes on from the second. */
class Kept {
  readonly #context: Context;
  readonly #accounts: ReadonlyMap<string, AccountRow>;
  readonly #ends: Map<string, AccountRow | null>;
  readonly #cuts = new Map<string, Cut>();
  readonly #sum;
  #waiting: SqlRow[] = [];
  #surplus = 0;

  constructor(context: Context, accounts: ReadonlyMap<string, AccountRow>, ends: Map<string, AccountRow | null>) {
    this.#context = context;
    this.#accounts = accounts;
    this.#ends = ends;
    this.#sum = keptSum(context.key);
  }

  /** @returns whether the posting is of an archived month. Postings come account by account, in order. */
  takes(posting: SqlRow): boolean {
    const last = this.#waiting.at(-1);
    const isKept = (posting.month as bigint) <= BigInt(this.#context.base.month);
    if (last !== undefined && (!isKept || last.account_id !== posting.account_id)) this.#begin();
    if (!isKept || this.#cuts.has(posting.account_id as string)) return false;
    this.#waiting.push(posting);
    if (this.#waiting.length > 2) {
      this.#waiting.shift();
      this.#surplus += 1;
    }
    return true;
  }

  close(expected: string): ReadonlyMap<string, Cut> {
    if (this.#waiting.length > 0) this.#begin();
    const { say, base } = this.#context;
    if (this.#sum.hex !== expected) say('the postings that stay of archived months are not those of their checkpoint');
    if (base.isRemoved && this.#surplus > 0) say(`${this.#surplus} postings of archived months are in the books again`);
    return this.#cuts;
  }

  #begin(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const posting of waiting) this.#sum.add(posting);
    const id = waiting[0]?.account_id as string;
    const row = this.#accounts.get(id);
    if (row === undefined) {
      this.#context.say(`account ${id} is gone, its postings are there`);
      this.#ends.set(id, null);
      return;
    }
    let end: AccountRow | null = null;
    for (const posting of waiting) {
      // What is before the first of two is in the archive; the checkpoint's sum covers it.
      if (end === null && posting.seq !== 1n && waiting.length === 2) end = accountAfter(row, posting);
      else end = verifyPosting(this.#context, row, end, posting);
    }
    this.#ends.set(id, end);
    if (end !== null) this.#cuts.set(id, end);
  }
}

/** @returns the account as this posting leaves it. */
export function verifyPosting({ bookId, key, say }: Verifying, row: AccountRow, before: AccountRow | null, sql: SqlRow): AccountRow {
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
  if (before !== null && (after.opensAt ?? 0n) < (before.opensAt ?? 0n)) say(`${name} moves the opening earlier`);
  return after;
}

function spentBy({ kind, amount }: Posting): bigint {
  if (kind === 'reversal') return -amount;
  return kind === 'spend' || kind === 'ambiguous' || kind === 'reconcile' ? amount : 0n;
}

async function verifyHolds(context: Context): Promise<void> {
  const { bookId, say } = context;
  const held = await reserved(context);
  const open = `SELECT l.account_id, l.amount FROM holds h JOIN hold_lines l ON l.hold_no = h.hold_no WHERE h.book_id = ? AND h.state = 'open'`;
  for await (const row of context.rows(open, bookId)) {
    const id = row.account_id as string;
    held.set(id, (held.get(id) ?? 0n) + (row.amount as bigint));
  }
  for await (const row of context.rows('SELECT account_id, held FROM accounts WHERE book_id = ?', bookId)) {
    const sum = held.get(row.account_id as string) ?? 0n;
    if (sum !== row.held) say(`account ${row.account_id} holds ${row.held}, its open holds, and what is left of reservations, are ${sum}`);
  }
  const lost = `SELECT h.hold_id, h.state FROM holds h
    LEFT JOIN (SELECT lane_no, max(seq_to) AS seq_to FROM archive_lanes WHERE book_id = ? GROUP BY lane_no) a ON a.lane_no = h.lane_no
    WHERE h.book_id = ? AND (h.lane_seq IS NULL OR h.lane_seq > coalesce(a.seq_to, 0)) AND (h.state = 'open') =
    EXISTS (SELECT 1 FROM receipts r WHERE r.lane_no = h.lane_no AND r.seq = h.lane_seq AND r.hold_no = h.hold_no)`;
  for await (const row of context.rows(lost, bookId, bookId)) {
    say(row.state === 'open' ? `hold ${row.hold_id} is open and has a receipt` : `hold ${row.hold_id} is ${row.state} and has no receipt`);
  }
  await verifyKeptHolds(context, context.base);
}

export const RECEIPTS_AT_ONCE = 500;
export const RECEIPT_CHECK = RECEIPT_SELECT.replace(
  'SELECT ',
  'SELECT h.source_id AS hold_source, h.state, h.lane_no AS hold_lane, h.lane_seq, ',
);

async function verifyReceipts(context: Context): Promise<void> {
  let some: SqlRow[] = [];
  const { bookId, base } = context;
  for await (const row of context.rows(
    `${RECEIPT_CHECK} WHERE l.book_id = ? AND r.month > ? ORDER BY r.lane_no, r.seq`,
    bookId,
    base.month,
  )) {
    some.push(row);
    if (some.length < RECEIPTS_AT_ONCE) continue;
    await verifySome(context, some);
    some = [];
  }
  await verifySome(context, some);
}

/** Some receipts, each beside the postings of its hold. Their rows have the hold's own place and state too: `RECEIPT_CHECK`. */
export async function verifySome(context: Verifying, receipts: readonly SqlRow[]): Promise<void> {
  const all = await context.charges(
    context.bookId,
    receipts.map(({ hold_id }) => hold_id as string),
  );
  const byHold = Map.groupBy(all, ({ hold_id }) => hold_id as string);
  for (const row of receipts) verifyReceipt(context, row, byHold.get(row.hold_id as string) ?? []);
}

const KINDS: Readonly<Record<string, readonly bigint[]>> = { settled: [1n, 3n], burned: [2n], released: [1n] };

function verifyReceipt({ say }: Verifying, row: SqlRow, charges: readonly SqlRow[]): void {
  const name = `receipt ${row.receipt_id}`;
  const digest = receiptDigest(receiptFields(row));
  const own = charges.filter(({ account_id }) => account_id === row.source_id);
  const charged = own.reduce((sum, { amount }) => sum + (amount as bigint), 0n);
  if (own.at(-1)?.digest !== digest) say(`${name} is not the one that its source was charged by`);
  if (charged !== row.charged) say(`${name} charges ${row.charged}, the postings of its source ${charged}`);
  if (row.hold_source !== row.source_id || row.hold_lane !== row.lane_no || row.lane_seq !== row.seq) say(`${name} and its hold disagree`);
  if (KINDS[row.state as string]?.includes(row.kind as bigint) !== true) say(`${name} is of kind ${row.kind}, its hold is ${row.state}`);
  const amount = (JSON.parse(row.lines as string) as [number, string, string][]).reduce((sum, line) => sum + BigInt(line[2]), 0n);
  if (amount !== row.amount) say(`${name} does not add up to its amount`);
}

async function verifySources(context: Context, cuts: ReadonlyMap<string, Cut>): Promise<void> {
  const { bookId, say, base } = context;
  let source: unknown;
  let seq = 0n;
  let spent = 0n;
  const ends = new Map([...cuts].map(([id, { receipts, receipted }]) => [id, { seq: receipts, spent: receipted }]));
  const sql = `SELECT source_id, source_seq, source_spent, charged FROM receipts WHERE book_id = ? AND month > ?
    ORDER BY source_id, source_seq`;
  for await (const row of context.rows(sql, bookId, base.month)) {
    if (row.source_id !== source) {
      source = row.source_id;
      ({ seq, spent } = ends.get(source as string) ?? { seq: 0n, spent: 0n });
    }
    seq += 1n;
    spent += row.charged as bigint;
    if (row.source_seq !== seq) say(`source ${source}: receipt number ${row.source_seq} stands where ${seq} should`);
    if (row.source_spent !== spent)
      say(`source ${source}: receipt number ${row.source_seq} says ${row.source_spent} spent, the sum is ${spent}`);
    ends.set(source as string, { seq, spent });
  }
  for await (const row of context.rows('SELECT account_id, receipts, receipted FROM accounts WHERE book_id = ?', bookId)) {
    const end = ends.get(row.account_id as string) ?? { seq: 0n, spent: 0n };
    if (row.receipts !== end.seq || row.receipted !== end.spent) say(`account ${row.account_id} and its receipts disagree`);
  }
}

async function verifyLanes(context: Context): Promise<void> {
  const { bookId, say, base } = context;
  const lanes: SqlRow[] = [];
  for await (const lane of context.rows('SELECT lane_no, lane_id, next_seq, signed_to FROM lanes WHERE book_id = ?', bookId))
    lanes.push(lane);
  for (const lane of lanes) {
    const number = lane.lane_no as bigint;
    const end = base.laneEnds.get(number) ?? 0n;
    const counted = 'SELECT count(*) AS n, min(seq) AS low, max(seq) AS high FROM receipts WHERE lane_no = ? AND month > ?';
    for await (const { n, low, high } of context.rows(counted, number, base.month)) {
      const [from, to] = [(low as bigint | null) ?? end + 1n, (high as bigint | null) ?? end];
      if (from !== end + 1n || n !== to - end || to !== (lane.next_seq as bigint) - 1n) say(`lane ${lane.lane_id} is not contiguous`);
    }
    let signedTo = end;
    const roots = 'SELECT seq_from, seq_to FROM receipt_groups WHERE lane_no = ? AND seq_to > ? ORDER BY seq_to';
    for await (const group of context.rows(roots, number, end)) {
      if (group.seq_from !== signedTo + 1n) say(`the roots of lane ${lane.lane_id} are not contiguous at ${group.seq_from}`);
      signedTo = group.seq_to as bigint;
    }
    if (signedTo !== lane.signed_to) say(`lane ${lane.lane_id} says ${lane.signed_to} are signed, its roots say ${signedTo}`);
  }
}

/** Every reconciliation is the one of its posting, and every posting that one made still has it: the interval would be open again without. */
async function verifyReconciliations(context: Context, cuts: ReadonlyMap<string, Cut>): Promise<void> {
  const { bookId, say, base, key } = context;
  const known = new Map<string, bigint>();
  const archived = reconciliationsSum(key);
  // Few rows, each with the posting that it made.
  const sql = `SELECT r.*, p.digest AS posting_digest, p.amount AS posting_amount FROM reconciliations r
    LEFT JOIN postings p ON p.book_id = r.book_id AND p.account_id = r.source_id AND p.seq = r.posting_seq WHERE r.book_id = ?`;
  for await (const row of context.rows(sql, bookId)) {
    const reconciliation = reconciliationOf(row);
    const { sourceId, returned } = reconciliation;
    if ((row.posting_seq as bigint) <= (cuts.get(sourceId)?.seq ?? 0n)) {
      archived.add(row);
      continue;
    }
    known.set(sourceId, (known.get(sourceId) ?? 0n) + 1n);
    if (row.posting_digest !== reconciliationDigest(reconciliation) || (returned > 0n && row.posting_amount !== returned))
      say(`a reconciliation of account ${sourceId} is not the one that its posting ${row.posting_seq} was made by`);
  }
  if (archived.hex !== base.reconciliations) say('the archived reconciliations are not those of their checkpoint');
  const made = `SELECT account_id, count(*) AS n FROM postings
    WHERE book_id = ? AND month > ? AND kind IN ('reconcile', 'reversal') AND digest <> '' GROUP BY account_id`;
  for await (const row of context.rows(made, bookId, base.month)) {
    if (row.n !== (known.get(row.account_id as string) ?? 0n))
      say(`a reconciliation of account ${row.account_id} is gone, its posting is there`);
  }
}

/** Records have no postings: each is sound by itself. */
async function verifyRecords({ bookId, key, say }: Context, { largeRows }: VerifyEngine): Promise<void> {
  for await (const row of largeRows('SELECT * FROM records WHERE book_id = ? ORDER BY kind, record_id', bookId)) {
    if (soundRecord(key, bookId, row) === null) say(changedRecord(row));
  }
}
