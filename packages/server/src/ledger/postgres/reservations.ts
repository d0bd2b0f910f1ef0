import type { SqlRow } from '#ground/database';
import type { PgStep } from '#ground/postgres-pipeline';
import type { Journal } from '../journal.ts';
import type { Statement, StatementName, Value } from '../statements.ts';
import type { Fetch } from './fetch.ts';
import { NotFetched } from './not-fetched.ts';
import type { PgBooks } from './pg-books.ts';
import { rowsOf } from './rows.ts';
import type { Unit } from './unit.ts';

/** A row within the transaction: as it was found (null: not there) and as it is now. */
export type UnitRow = { readonly found: SqlRow | null; row: SqlRow };

/** A reservation within the transaction, its lines by account. */
export type UnitReservation = { readonly head: UnitRow; readonly lines: Map<string, UnitRow> };

/**
 * Reservations, locked; after their accounts, as all do. Lines are only read: whoever changes one has locked its account.
 */
export function reservationFetches({ bookId, unit }: PgBooks, ids: readonly string[]): readonly Fetch[] {
  const of = `FROM reservations WHERE book_id = $1 AND reservation_id = ANY($2::text[]) ORDER BY reservation_id FOR UPDATE`;
  const lines =
    'SELECT * FROM reservation_lines WHERE book_id = $1 AND reservation_id = ANY($2::text[]) ORDER BY reservation_id, account_id';
  return [
    {
      step: { name: 'reservations', text: `SELECT * ${of}`, values: [bookId, ids] },
      load: (result) => {
        for (const id of ids) if (!unit.reservations.has(id)) unit.reservations.set(id, null);
        for (const row of rowsOf(result))
          unit.reservations.set(row.reservation_id as string, { head: { found: row, row }, lines: new Map() });
      },
    },
    {
      step: { name: 'reservation_lines', text: lines, values: [bookId, ids] },
      load: (result) => {
        for (const row of rowsOf(result))
          unit.reservations.get(row.reservation_id as string)?.lines.set(row.account_id as string, { found: row, row });
      },
    },
  ];
}

/** The statements on reservations over a unit: each does what the SQL of the same name says. */
export function reservationStatements(unit: () => Unit, journal: Journal): Partial<Record<StatementName, Partial<Statement>>> {
  const reservation = (id: Value | undefined): UnitReservation | null => {
    const found = unit().reservations.get(id as string);
    if (found === undefined) throw new NotFetched({ kind: 'reservations', ids: [id as string] });
    return found;
  };
  const change = (at: UnitRow, row: SqlRow) => {
    const before = at.row;
    at.row = row;
    journal.record(() => {
      at.row = before;
    });
  };
  return {
    reservation_read: { get: (_book, id) => reservation(id)?.head.row },
    reservation_line_read: { get: (_book, id, accountId) => reservation(id)?.lines.get(accountId as string)?.row },
    reservation_lines_read: { all: (_book, id) => [...(reservation(id)?.lines.values() ?? [])].map(({ row }) => row) },
    reservation_add: {
      run: (book_id, reservation_id, tenant_id, key_id, created_at) => {
        const { reservations } = unit();
        const row = { book_id, reservation_id, tenant_id, key_id, created_at, state: 'open', ended_at: null } as SqlRow;
        reservations.set(reservation_id as string, { head: { found: null, row }, lines: new Map() });
        journal.record(() => reservations.set(reservation_id as string, null));
        return { changes: 1 };
      },
    },
    // They go with the reservation where that is taken back.
    reservation_line_add: {
      run: (book_id, reservation_id, account_id, amount, mac) => {
        const row = { book_id, reservation_id, account_id, amount, spent: 0n, held: 0n, mac } as SqlRow;
        reservation(reservation_id)?.lines.set(account_id as string, { found: null, row });
        return { changes: 1 };
      },
    },
    reservation_line_write: {
      run: (spent, held, mac, _book, id, accountId, foundMac) => {
        const at = reservation(id)?.lines.get(accountId as string);
        if (at === undefined || at.row.mac !== foundMac) return { changes: 0 };
        change(at, { ...at.row, spent, held, mac } as SqlRow);
        return { changes: 1 };
      },
    },
    reservation_end: {
      run: (endedAt, _book, id) => {
        const head = reservation(id)?.head;
        if (head === undefined || head.row.state !== 'open') return { changes: 0 };
        change(head, { ...head.row, state: 'ended', ended_at: endedAt } as SqlRow);
        return { changes: 1 };
      },
    },
  };
}

/** Writes the reservations that are new and those that were changed, each pinned to what was found. */
export function reservationSteps({ reservations }: Unit): readonly PgStep[] {
  const all = [...reservations.values()].filter((each) => each !== null);
  const heads = all.map(({ head }) => head);
  const lines = all.flatMap((each) => [...each.lines.values()]);
  const steps = [
    insertHeads(heads.filter(isNew)),
    insertLines(lines.filter(isNew)),
    endHeads(heads.filter(isChanged)),
    changeLines(lines.filter(isChanged)),
  ];
  return steps.filter((step) => step !== null);
}

function isNew({ found }: UnitRow): boolean {
  return found === null;
}

function isChanged({ found, row }: UnitRow): boolean {
  return found !== null && row !== found;
}

function column(rows: readonly UnitRow[], name: string): Value[] {
  return rows.map(({ row }) => row[name] ?? null);
}

function insertHeads(rows: readonly UnitRow[]): PgStep | null {
  if (rows.length === 0) return null;
  const columns = ['book_id', 'reservation_id', 'tenant_id', 'key_id', 'created_at', 'state', 'ended_at'];
  return {
    name: 'add_reservations',
    text: `INSERT INTO reservations (${columns.join(', ')})
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[])`,
    values: columns.map((name) => column(rows, name)),
  };
}

function insertLines(rows: readonly UnitRow[]): PgStep | null {
  if (rows.length === 0) return null;
  const columns = ['book_id', 'reservation_id', 'account_id', 'amount', 'spent', 'held', 'mac'];
  return {
    name: 'add_reservation_lines',
    text: `INSERT INTO reservation_lines (${columns.join(', ')})
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[])`,
    values: columns.map((name) => column(rows, name)),
  };
}

function endHeads(rows: readonly UnitRow[]): PgStep | null {
  if (rows.length === 0) return null;
  return {
    name: 'end_reservations',
    text: `WITH done AS (
        UPDATE reservations r SET state = 'ended', ended_at = n.ended_at
        FROM unnest($1::text[], $2::text[], $3::bigint[]) AS n(book_id, reservation_id, ended_at)
        WHERE r.book_id = n.book_id AND r.reservation_id = n.reservation_id AND r.state = 'open' RETURNING 1
      ) SELECT tally_expect('reservations', 'TA001', (SELECT count(*) FROM done), $4)`,
    values: [...['book_id', 'reservation_id', 'ended_at'].map((name) => column(rows, name)), rows.length],
  };
}

function changeLines(rows: readonly UnitRow[]): PgStep | null {
  if (rows.length === 0) return null;
  return {
    name: 'change_reservation_lines',
    text: `WITH done AS (
        UPDATE reservation_lines l SET spent = n.spent, held = n.held, mac = n.mac
        FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[])
          AS n(book_id, reservation_id, account_id, spent, held, mac, found_mac)
        WHERE l.book_id = n.book_id AND l.reservation_id = n.reservation_id AND l.account_id = n.account_id AND l.mac = n.found_mac RETURNING 1
      ) SELECT tally_expect('reservation_lines', 'TA001', (SELECT count(*) FROM done), $8)`,
    values: [
      ...['book_id', 'reservation_id', 'account_id', 'spent', 'held', 'mac'].map((name) => column(rows, name)),
      rows.map(({ found }) => found?.mac ?? null),
      rows.length,
    ],
  };
}
