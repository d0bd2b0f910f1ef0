import type { SqlRow } from '#ground/database';
import type { Journal } from '../journal.ts';
import { guardBand } from '../ops/admission.ts';
import type { Statement, StatementName, Statements, Value } from '../statements.ts';
import { NotFetched, READS, type ReadName } from './not-fetched.ts';
import { reservationStatements } from './reservations.ts';
import { idempotencyName, readName, recordName, type Unit, type UnitAccount, type UnitRecord } from './unit.ts';

type Part = Partial<Record<StatementName, Partial<Statement>>>;
type Work = { readonly unit: () => Unit; readonly journal: Journal };

const ONE = { changes: 1 };
const NONE = { changes: 0 };

/**
 * The statements of the books as the batch code calls them, over a unit: what they read was fetched under the transaction's locks, what they
 * write waits in the unit. Each does what the SQL of the same name says, with the same predicates.
 * @param unit the transaction that runs now.
 */
export function unitStatements(unit: () => Unit, journal: Journal): Statements {
  const work = { unit, journal };
  const parts: Part = {
    ...accountStatements(work),
    ...holdStatements(work),
    ...reservationStatements(unit, journal),
    ...bookStatements(work),
    ...recordStatements(work),
    ...appending(work),
    ...reading(work),
  };
  const complete = (name: string): Statement => {
    const unused = () => {
      throw new Error(`the statement ${name} is not for batches on this engine`);
    };
    return { run: unused, get: unused, all: unused, ...parts[name as StatementName] };
  };
  return new Proxy({} as Statements, { get: (made, name: string) => ((made as Record<string, Statement>)[name] ??= complete(name)) });
}

function accountStatements(work: Work): Part {
  const account = (id: Value | undefined): UnitAccount => {
    const found = work.unit().accounts.get(id as string);
    if (found === undefined) throw new NotFetched({ kind: 'accounts', ids: [id as string] });
    return found;
  };
  const postings = (id: string): SqlRow[] => {
    const proof = work.unit().proofs.get(id);
    if (proof === undefined) throw new NotFetched({ kind: 'proofs', ids: [id] });
    const added = work.unit().tables.postings.filter((row) => row[1] === id);
    return [...added.map(postingRow).reverse(), ...proof.postings].slice(0, 2);
  };
  return {
    account_read: { get: (_book, id) => account(id).row ?? undefined },
    posting_last: { get: (_book, id) => postings(id as string)[0], all: (_book, id) => postings(id as string) },
    account_hold: {
      run: (...values) => {
        const [need, , id, now, version, held, spent, overrun, limit, ceiling, expires] = values;
        const [seq, head, receipts, receipted, guarded, grantNow, opens, kept] = values.slice(11);
        const found = account(id);
        const row = found.row;
        const band = guarded === 1 ? guardBand(limit as bigint) : 0n;
        const total = (held as bigint) + (spent as bigint) + (overrun as bigint) + (need as bigint) - (kept as bigint) + band;
        const balances = { held, spent, overrun, spend_limit: limit, ceiling, receipts, receipted };
        const pins = { ...balances, version, expires_at: expires, opens_at: opens, seq, head };
        const isOver = expires !== null && (expires as bigint) <= BigInt(now as number);
        const isClosed = opens !== null && (opens as bigint) > BigInt(grantNow as number);
        if (row === null || !matches(row, pins) || row.state !== 'active' || isOver || isClosed) return NONE;
        if (total > (limit as bigint) || work.unit().stop.stopped !== 0n) return NONE;
        place(work, found, { ...row, held: (held as bigint) + (need as bigint), version: (version as bigint) + 1n });
        return ONE;
      },
    },
    account_write: {
      run: (...values) => {
        const [held, spent, overrun, limit, state, reason, seq, head, receipts, receipted, , id, version] = values;
        const [wasHeld, wasSpent, wasOverrun, wasLimit, ceiling, expires, wasSeq, wasHead, wasReceipts, wasReceipted, wasState] =
          values.slice(13);
        const found = account(id);
        const was = { held: wasHeld, spent: wasSpent, overrun: wasOverrun, spend_limit: wasLimit, seq: wasSeq, head: wasHead };
        const pins = { ...was, version, ceiling, expires_at: expires, receipts: wasReceipts, receipted: wasReceipted, state: wasState };
        if (found.row === null || !matches(found.row, pins)) return NONE;
        const balances = { held, spent, overrun, spend_limit: limit, state, state_reason: reason, seq, head, receipts, receipted };
        change(work, found, { ...found.row, ...(balances as SqlRow), version: (version as bigint) + 1n });
        return ONE;
      },
    },
    ...openings(work, account),
    account_restore: {
      run: (...values) => {
        const found = account(values[1]);
        const before = found.isRestored;
        found.isRestored = true;
        work.journal.record(() => {
          found.isRestored = before;
        });
        change(work, found, named(ACCOUNT_COLUMNS, values));
        return ONE;
      },
    },
  };
}

function openings(work: Work, account: (id: Value | undefined) => UnitAccount): Part {
  return {
    account_opens: {
      run: (opens_at, seq, head, ...pinned) => {
        const found = account(pinned[1]);
        if (found.row === null || !matches(found.row, named(OPENS_PINS, pinned))) return NONE;
        change(work, found, { ...found.row, ...({ opens_at, seq, head } as SqlRow), version: (found.row.version as bigint) + 1n });
        return ONE;
      },
    },
    account_open: {
      run: (...values) => {
        const fixed = named(OPENED, values);
        const fresh = { held: 0n, spent: 0n, overrun: 0n, period: null, state: 'active', state_reason: null, version: 1n, seq: 1n };
        change(work, account(fixed['account_id']), { ...fixed, ...fresh, receipts: 0n, receipted: 0n });
        return ONE;
      },
    },
  };
}

/** What `account_opens` compares a row with, and what `account_open` is given, in the order in which they name it. */
const OPENS_PINS = [
  ...['book_id', 'account_id', 'version', 'held', 'spent', 'overrun', 'spend_limit', 'ceiling', 'state', 'expires_at', 'opens_at', 'seq'],
  ...['head', 'receipts', 'receipted'],
];
const OPENED = [
  ...['book_id', 'account_id', 'kind', 'tenant_id', 'asset', 'ceiling', 'spend_limit', 'parent_id', 'expires_at', 'head', 'created_at'],
  'opens_at',
];

function named(columns: readonly string[], values: readonly Value[]): SqlRow {
  return Object.fromEntries(columns.map((column, at) => [column, values[at] as Value]));
}

/** In the order in which `account_restore` names them. */
export const ACCOUNT_COLUMNS = [
  ...['book_id', 'account_id', 'kind', 'tenant_id', 'asset', 'ceiling', 'spend_limit', 'held', 'spent', 'overrun', 'parent_id', 'period'],
  ...['state', 'state_reason', 'expires_at', 'version', 'seq', 'head', 'receipts', 'receipted', 'created_at', 'opens_at'],
] as const;

function matches(row: SqlRow, pins: Readonly<Record<string, Value | undefined>>): boolean {
  return Object.entries(pins).every(([column, value]) => row[column] === value);
}

function change({ journal }: Work, account: UnitAccount, row: SqlRow): void {
  const before = account.row;
  account.row = row;
  journal.record(() => {
    account.row = before;
  });
}

function place(work: Work, account: UnitAccount, row: SqlRow): void {
  change(work, account, row);
  const before = account.isPlaced;
  account.isPlaced = true;
  work.journal.record(() => {
    account.isPlaced = before;
  });
}

function postingRow(values: readonly Value[]): SqlRow {
  const row = named(POSTING_COLUMNS, values);
  return { ...row, at: BigInt(row['at'] as number) };
}

/** In the order in which `posting_add` names them. */
export const POSTING_COLUMNS = [
  ...[
    'book_id',
    'account_id',
    'seq',
    'month',
    'kind',
    'contra_id',
    'amount',
    'business_id',
    'ref',
    'digest',
    'at',
    'ceiling',
    'spend_limit',
  ],
  ...['spent', 'overrun', 'state', 'state_reason', 'expires_at', 'receipts', 'receipted', 'head', 'opens_at'],
] as const;

function holdStatements(work: Work): Part {
  const hold = (id: string): SqlRow | undefined => {
    const { holds, holdIds } = work.unit();
    const found = holds.get(id);
    if (found === undefined) throw new NotFetched({ kind: 'holds', ids: [...new Set([...holdIds, id])] });
    return found ?? undefined;
  };
  return {
    hold_by_id: { get: (_book, id) => hold(id as string) },
    hold_by_no: { get: (no) => work.unit().holdsByNo.get(no as bigint) },
    hold_add: {
      run: (...values) => {
        const { tables, holds, holdsByNo, isStrict } = work.unit();
        const [hold_no, , , hold_id, call_id, , , , , nonce, receipt_id] = values;
        if ((isStrict ? hold(hold_id as string) : (holds.get(hold_id as string) ?? undefined)) !== undefined) return NONE;
        append(work, tables.holds, values);
        const row = { hold_no, hold_id, call_id, nonce, receipt_id, epoch_id: values[20], state: 'open' } as SqlRow;
        put(work, holds, hold_id as string, row);
        put(work, holdsByNo, hold_no as bigint, row);
        return ONE;
      },
    },
    hold_end: {
      run: (state, endedAt, laneNo, laneSeq, holdNo, holdId, epoch) => {
        const unit = work.unit();
        const found = unit.isStrict ? hold(holdId as string) : unit.holds.get(holdId as string);
        const isOther = found?.state !== 'open' || found.hold_no !== holdNo || found.epoch_id !== epoch;
        if (unit.isStrict && isOther) return NONE;
        append(work, unit.ended, { state, endedAt, laneNo, laneSeq, holdNo, holdId, epoch } as Unit['ended'][number]);
        if (found === undefined || found === null) return ONE;
        const after = { ...found, state: state as string };
        put(work, unit.holds, holdId as string, after);
        put(work, unit.holdsByNo, holdNo as bigint, after);
        return ONE;
      },
    },
    idempotency_read: {
      get: (...key) => {
        const found = work.unit().idempotency.get(idempotencyName(...key));
        if (found === undefined) throw new Error('the idempotency key of a hold was not fetched with it');
        return found ?? undefined;
      },
    },
    idempotency_add: {
      run: (...values) => {
        const [book, keyId, route, key, bodyMac, holdNo, , callId] = values;
        const unit = work.unit();
        const name = idempotencyName(book, keyId, route, key);
        const found = unit.idempotency.get(name);
        if (found === null) append(work, unit.tables.idempotency, values.slice(0, 7));
        else {
          const earlier = unit.holdsByNo.get(found?.hold_no as bigint);
          if (found?.body_mac !== bodyMac || earlier?.call_id !== callId || earlier?.state !== 'released') return NONE;
          append(work, unit.takenOver, { key: [keyId, route, key] as string[], holdNo: holdNo as bigint, callId: callId as string });
        }
        put(work, unit.idempotency, name, { hold_no: holdNo as bigint, body_mac: bodyMac as string });
        return ONE;
      },
    },
  };
}

function bookStatements(work: Work): Part {
  const { journal } = work;
  return {
    stop_read: { get: () => work.unit().stop },
    stop_write: {
      run: (stopped, stop_reason) => {
        const unit = work.unit();
        const before = { stop: unit.stop, isStopChanged: unit.isStopChanged };
        Object.assign(unit, { stop: { stopped: BigInt(stopped as number), stop_reason }, isStopChanged: true });
        journal.record(() => Object.assign(unit, before));
        return ONE;
      },
    },
    generation_write: {
      run: (generation) => {
        append(work, work.unit().generations, generation as number);
        return ONE;
      },
    },
    archive_mark: {
      run: (state, _book, month) => {
        append(work, work.unit().marked, { state: state as string, month: month as number });
        return ONE;
      },
    },
    lane_read: {
      get: (_book, id) => {
        const found = work.unit().lanes.get(id as string);
        if (found === undefined) throw new NotFetched({ kind: 'lane', id: id as string });
        return found ?? undefined;
      },
    },
    lane_sign: {
      run: (seqTo, laneNo) => {
        const unit = work.unit();
        append(work, unit.signed, { laneNo: laneNo as bigint, seqTo: seqTo as bigint });
        for (const [id, lane] of unit.lanes) {
          if (lane?.lane_no === laneNo) put(work, unit.lanes, id, { ...lane, signed_to: seqTo as bigint } as SqlRow);
        }
        return ONE;
      },
    },
  };
}

function recordStatements(work: Work): Part {
  const record = (kind: Value | undefined, id: Value | undefined): UnitRecord => {
    const found = work.unit().records.get(recordName(kind, id));
    if (found === undefined) throw new Error('a record was not fetched with the batch that writes it');
    return found;
  };
  const set = (kind: Value | undefined, id: Value | undefined, row: SqlRow | null) => {
    const { found } = record(kind, id);
    put(work, work.unit().records, recordName(kind, id), { found, row });
    return ONE;
  };
  return {
    record_read: { get: (_book, kind, id) => record(kind, id).row ?? undefined },
    record_write: {
      run: (_book, kind, record_id, rev, state, body, created_at, written_at, mac) =>
        set(kind, record_id, { kind, record_id, rev, state, body, created_at, written_at, mac } as SqlRow),
    },
    record_remove: { run: (_book, kind, id) => set(kind, id, null) },
  };
}

/** What only reconciling reads, in the transaction's own snapshot of rows that no batch changes. */
function reading({ unit }: Work): Part {
  const read = (name: ReadName, values: readonly Value[]): readonly SqlRow[] => {
    const found = unit().reads.get(readName(name, values));
    if (found === undefined) throw new NotFetched({ kind: 'read', name, values });
    return found;
  };
  const statement = (name: ReadName): Partial<Statement> => ({
    get: (...values) => read(name, values)[0],
    all: (...values) => [...read(name, values)],
  });
  return Object.fromEntries(READS.map((name) => [name, statement(name)]));
}

/** Tables that are only added to. */
function appending(work: Work): Part {
  const to = (table: keyof Unit['tables']): Partial<Statement> => ({
    run: (...values) => {
      append(work, work.unit().tables[table], values);
      return ONE;
    },
  });
  return {
    posting_add: to('postings'),
    hold_line_add: to('hold_lines'),
    reservation_hold_add: to('reservation_holds'),
    receipt_add: to('receipts'),
    outbox_add: to('outbox'),
    evidence_add: to('evidence'),
    source_add: to('sources'),
    key_add: to('keys'),
    group_add: to('receipt_groups'),
    reconciliation_add: to('reconciliations'),
    archive_add: to('archives'),
    archive_lane_add: to('archive_lanes'),
  };
}

function append<T>({ journal }: Work, list: T[], item: T): void {
  list.push(item);
  journal.record(() => list.pop());
}

function put<K, V>({ journal }: Work, map: Map<K, V>, key: K, value: V): void {
  const had = map.has(key);
  const before = map.get(key) as V;
  map.set(key, value);
  journal.record(() => {
    if (had) map.set(key, before);
    else map.delete(key);
  });
}
