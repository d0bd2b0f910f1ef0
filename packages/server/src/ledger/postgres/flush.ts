import type { KeyObject } from 'node:crypto';
import type { PgStep } from '#ground/postgres-pipeline';
import { accountRow } from '../account-row.ts';
import type { Value } from '../statements.ts';
import { recordSteps } from './flush-records.ts';
import { reservationSteps } from './reservations.ts';
import { rowSeal } from './seal.ts';
import { ACCOUNT_COLUMNS, POSTING_COLUMNS } from './statements.ts';
import type { Tables, Unit, UnitAccount } from './unit.ts';

/** What the flush needs to know of the books. */
export type Flushing = {
  readonly bookId: string;
  readonly hostId: string;
  readonly chainKey: KeyObject;
  readonly guarded: ReadonlyMap<string, number>;
};

const TEXT = 'text';
const INT = 'bigint';

/** Columns of the tables that batches add to, in the order of the statement of the same name, and those that are no numbers. */
const COLUMNS: Readonly<Record<keyof Tables, readonly string[]>> = {
  holds: [
    ...['hold_no', 'book_id', 'month', 'hold_id', 'call_id', 'attempt', 'source_id', 'key_id', 'tenant_id', 'nonce', 'receipt_id', 'mode'],
    ...['proof', 'tariff_id', 'facts_version', 'tenant_hash', 'source_hash', 'provider_hash', 'request_hash', 'detail', 'epoch_id'],
    'created_at',
  ],
  hold_lines: ['hold_no', 'account_id', 'amount'],
  reservation_holds: ['hold_no', 'book_id', 'reservation_id'],
  postings: POSTING_COLUMNS,
  receipts: [
    ...['lane_no', 'seq', 'book_id', 'month', 'hold_no', 'kind', 'source_id', 'source_seq', 'charged', 'source_spent', 'ended_at', 'lines'],
    ...['amount', 'response_hash', 'attestation_hash', 'detail'],
  ],
  outbox: ['seq', 'book_id', 'month', 'topic', 'subject', 'at', 'body'],
  evidence: ['book_id', 'kind', 'subject', 'at', 'body'],
  idempotency: ['book_id', 'key_id', 'route', 'idempotency_key', 'body_mac', 'hold_no', 'created_at'],
  sources: [
    ...['book_id', 'source_id', 'name', 'provider', 'base_url', 'mode', 'settle', 'count_consent', 'models', 'tariff', 'created_at'],
    ...['pool', 'group_ids', 'minutes_account_id'],
  ],
  keys: [
    ...['book_id', 'key_id', 'name', 'tenant_id', 'hash', 'hint', 'credit_account_id', 'sources', 'created_at', 'expires_at', 'replay_s'],
    'used_for',
  ],
  reconciliations: [
    ...['book_id', 'source_id', 'posting_seq', 'kind', 'from_at', 'to_at', 'provider_total', 'ours', 'edge', 'reported', 'ambiguous'],
    ...['returned', 'added', 'export_hash', 'key_ref', 'consent', 'at'],
  ],
  receipt_groups: ['lane_no', 'seq_to', 'seq_from', 'root', 'total', 'signature', 'signer', 'signed_at'],
  archives: [
    ...['book_id', 'month', 'file_hash', 'bytes', 'postings', 'receipts', 'roots', 'events', 'kept', 'holds', 'reconciliations'],
    ...['operators', 'sealed_at', 'previous_mac', 'mac'],
  ],
  archive_lanes: ['book_id', 'month', 'lane_no', 'seq_from', 'seq_to'],
};

const NUMBERS = new Set(
  `hold_no month attempt mode created_at amount seq at ceiling spend_limit held spent overrun expires_at receipts receipted lane_no kind_no
  source_seq charged source_spent ended_at opens_at pool count_consent replay_s seq_to seq_from signed_at version guarded posting_seq from_at to_at provider_total ours edge reported ambiguous returned added`.split(
    /\s+/,
  ),
);

/** Numbers in this table, texts or of another meaning in others. */
const NUMBERS_OF: Readonly<Record<string, readonly string[]>> = {
  receipts: ['kind'],
  archives: ['bytes', 'postings', 'receipts', 'roots', 'events', 'sealed_at'],
};

function typeOf(table: string, column: string): string {
  return NUMBERS.has(column) || NUMBERS_OF[table]?.includes(column) === true ? INT : TEXT;
}

/** Writes all that waits in the unit: one statement a table, each naming a whole set of rows. The caller ends with the lane and the commit. */
export function flushSteps(unit: Unit, f: Flushing): readonly PgStep[] {
  const { tables } = unit;
  const steps: PgStep[] = [];
  const add = (step: PgStep | null) => {
    if (step !== null) steps.push(step);
  };
  // The stop first: the accounts' own predicate reads it.
  if (unit.isStopChanged) {
    const { stopped, stop_reason } = unit.stop;
    add({
      text: 'UPDATE books SET stopped = $2, stop_reason = $3 WHERE book_id = $1',
      values: [f.bookId, stopped, stop_reason] as Value[],
    });
  }
  add(insert('holds', tables.holds, ', state', ", 'open'"));
  add(insert('hold_lines', tables.hold_lines));
  add(insert('reservation_holds', tables.reservation_holds));
  for (const step of reservationSteps(unit)) add(step);
  add(endHolds(unit));
  for (const step of accountSteps(unit, f)) add(step);
  add(insert('postings', tables.postings));
  add(insert('receipts', tables.receipts));
  add(outbox(tables.outbox, f.bookId));
  add(insert('evidence', tables.evidence));
  add(insert('idempotency', tables.idempotency));
  for (const { key, holdNo, callId } of unit.takenOver) add(takeOver(f.bookId, key, holdNo, callId));
  add(insert('sources', tables.sources));
  add(insert('keys', tables.keys));
  add(insert('receipt_groups', tables.receipt_groups));
  add(insert('reconciliations', tables.reconciliations));
  add(insert('archives', tables.archives, ', state', ", 'sealed'"));
  add(insert('archive_lanes', tables.archive_lanes));
  steps.push(...recordSteps(unit, f.bookId));
  for (const { month, state } of unit.marked) add(markStep(f, month, state));
  for (const { laneNo, seqTo } of unit.signed) add({ text: 'UPDATE lanes SET signed_to = $2 WHERE lane_no = $1', values: [laneNo, seqTo] });
  for (const generation of unit.generations) add(generationStep(f, generation));
  return steps;
}

function insert(table: keyof Tables, rows: readonly (readonly Value[])[], more = '', values = ''): PgStep | null {
  if (rows.length === 0) return null;
  const columns = COLUMNS[table];
  const types = columns.map((column, at) => `$${at + 1}::${typeOf(table, column)}[]`);
  return {
    name: `add_${table}`,
    text: `INSERT INTO ${table} (${columns.join(', ')}${more}) SELECT *${values} FROM unnest(${types.join(', ')})`,
    values: columns.map((_, at) => rows.map((row) => row[at] ?? null)),
  };
}

function endHolds({ ended }: Unit): PgStep | null {
  if (ended.length === 0) return null;
  return {
    name: 'end_holds',
    text: `WITH done AS (
        UPDATE holds h SET state = n.state, ended_at = n.ended_at, lane_no = n.lane_no, lane_seq = n.lane_seq
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[])
          AS n(hold_no, hold_id, epoch_id, state, ended_at, lane_no, lane_seq)
        WHERE h.hold_no = n.hold_no AND h.hold_id = n.hold_id AND h.epoch_id = n.epoch_id AND h.state = 'open' RETURNING 1
      ) SELECT tally_expect('holds', 'TA001', (SELECT count(*) FROM done), $8)`,
    values: [
      ended.map(({ holdNo }) => holdNo),
      ended.map(({ holdId }) => holdId),
      ended.map(({ epoch }) => epoch),
      ended.map(({ state }) => state),
      ended.map(({ endedAt }) => endedAt),
      ended.map(({ laneNo }) => laneNo),
      ended.map(({ laneSeq }) => laneSeq),
      ended.length,
    ],
  };
}

type Written = { readonly account: UnitAccount; readonly values: Readonly<Record<string, Value>> };

function accountSteps(unit: Unit, f: Flushing): readonly (PgStep | null)[] {
  const written: Written[] = [];
  for (const [id, account] of unit.accounts) {
    if (account.row === null || account.row === account.found) continue;
    const guarded = BigInt(f.guarded.get(id) ?? 0);
    const seal = rowSeal(f.chainKey, f.bookId, accountRow(account.row), guarded);
    written.push({ account, values: { ...account.row, guarded, seal } });
  }
  const changed = written.filter(({ account }) => account.found !== null && !account.isRestored);
  const opened = written.filter(({ account }) => account.found === null && !account.isRestored);
  const restored = written.filter(({ account }) => account.isRestored);
  return [changeAccounts(changed, f.bookId), openAccounts(opened), restoreAccounts(restored)];
}

const CHANGED = [
  'held',
  'spent',
  'overrun',
  'spend_limit',
  'state',
  'state_reason',
  'seq',
  'head',
  'receipts',
  'receipted',
  'opens_at',
  'version',
  'guarded',
  'seal',
];

/**
 * Writes the balances that result. The cap, the state and the expiry were judged on the rows that this transaction has locked, and each row
 * must still be exactly that one; whether all calls are stopped is asked here again.
 */
function changeAccounts(written: readonly Written[], bookId: string): PgStep | null {
  if (written.length === 0) return null;
  const names = ['account_id', ...CHANGED, 'found_version', 'found_seal', 'placed'];
  const types = ['account_id', ...CHANGED].map((column) => typeOf('accounts', column)).concat(INT, TEXT, INT);
  return {
    name: 'change_accounts',
    text: `WITH done AS (
        UPDATE accounts a SET ${CHANGED.map((column) => `${column} = n.${column}`).join(', ')}
        FROM unnest(${types.map((type, at) => `$${at + 3}::${type}[]`).join(', ')}) AS n(${names.join(', ')})
        WHERE a.book_id = $1 AND a.account_id = n.account_id AND a.version = n.found_version AND a.seal = n.found_seal
          AND (n.placed = 0 OR NOT EXISTS (SELECT 1 FROM books WHERE book_id = $1 AND stopped <> 0)) RETURNING 1
      ) SELECT tally_expect('accounts', 'TA001', (SELECT count(*) FROM done), $2)`,
    values: [
      bookId,
      written.length,
      ...['account_id', ...CHANGED].map((column) => written.map(({ values }) => values[column] ?? null)),
      written.map(({ account }) => account.found?.version ?? null),
      written.map(({ account }) => account.found?.seal ?? null),
      written.map(({ account }) => (account.isPlaced ? 1 : 0)),
    ],
  };
}

const ALL = [...ACCOUNT_COLUMNS, 'guarded', 'seal'];

function openAccounts(written: readonly Written[], onConflict = ''): PgStep | null {
  if (written.length === 0) return null;
  const types = ALL.map((column, at) => `$${at + 1}::${typeOf('accounts', column)}[]`);
  return {
    text: `INSERT INTO accounts (${ALL.join(', ')}) SELECT * FROM unnest(${types.join(', ')})${onConflict}`,
    values: ALL.map((column) => written.map(({ values }) => values[column] ?? null)),
  };
}

function restoreAccounts(written: readonly Written[]): PgStep | null {
  const columns = ALL.slice(2).map((column) => `${column} = excluded.${column}`);
  return openAccounts(written, ` ON CONFLICT (book_id, account_id) DO UPDATE SET ${columns.join(', ')}`);
}

/** Numbered by the transaction that writes them, then in their own order: 2^20 in one transaction at most. */
function outbox(rows: readonly (readonly Value[])[], bookId: string): PgStep | null {
  if (rows.length === 0) return null;
  const at = (column: number) => rows.map((row) => row[column] ?? null);
  return {
    name: 'add_outbox',
    text: `INSERT INTO outbox (seq, book_id, month, topic, subject, at, body)
      SELECT b.outbox_base + (pg_current_xact_id()::text::bigint << 20) + n.number, b.book_id, n.month, n.topic, n.subject, n.at, n.body
      FROM books b, unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::text[])
        AS n(number, month, topic, subject, at, body) WHERE b.book_id = $1`,
    values: [bookId, rows.map((_, number) => number), at(2), at(3), at(4), at(5), at(6)],
  };
}

function takeOver(bookId: string, [keyId, route, key]: readonly string[], holdNo: bigint, callId: string): PgStep {
  return {
    text: `WITH done AS (
        UPDATE idempotency i SET hold_no = $5 WHERE book_id = $1 AND key_id = $2 AND route = $3 AND idempotency_key = $4
          AND EXISTS (SELECT 1 FROM holds h WHERE h.hold_no = i.hold_no AND h.call_id = $6 AND h.state = 'released') RETURNING 1
      ) SELECT tally_expect('idempotency', 'TA001', (SELECT count(*) FROM done), 1)`,
    values: [bookId, keyId ?? null, route ?? null, key ?? null, holdNo, callId],
  };
}

function markStep({ bookId }: Flushing, month: number, state: string): PgStep {
  return { text: 'UPDATE archives SET state = $3 WHERE book_id = $1 AND month = $2', values: [bookId, month, state] };
}

function generationStep({ bookId, hostId }: Flushing, generation: number): PgStep {
  return {
    text: `INSERT INTO generations (book_id, host_id, generation) VALUES ($1, $2, $3)
      ON CONFLICT (book_id, host_id) DO UPDATE SET generation = excluded.generation`,
    values: [bookId, hostId, generation],
  };
}
