import { readSqlFolder, type SqlRow } from '#ground/database';
import type { PgResult, PgStep } from '#ground/postgres-pipeline';
import { type AccountRow, accountDifferences, accountRow } from '../account-row.ts';
import { RESERVED } from '../reservation-rows.ts';
import type { Value } from '../statements.ts';
import { stopLock } from './locks.ts';
import type { Need, ReadName } from './not-fetched.ts';
import type { PgBooks } from './pg-books.ts';
import { reservationFetches } from './reservations.ts';
import { numbered, rowsOf } from './rows.ts';
import { rowSeal } from './seal.ts';
import { idempotencyName, readName, recordName } from './unit.ts';

/** What a batch will read, as far as its operations say: fetched with the transaction's first statements. */
export type Plan = {
  readonly accounts: readonly string[];
  /** Accounts of them that must be audited even where they are sealed, and those that are to be opened. */
  readonly proofs: readonly string[];
  readonly idempotency: readonly (readonly [keyId: string, route: string, key: string])[];
  /** Records that it may write. */
  readonly records: readonly (readonly [kind: string, id: string])[];
  /** Ids of holds that are placed or settled. */
  readonly holdIds: readonly string[];
  /** Reservations that are made, held within, or ended, and those of them that are ended: all their accounts are read. */
  readonly reservations: readonly string[];
  readonly ends: readonly string[];
  /** How many holds it may place. */
  readonly places: number;
  /** It stops or resumes all calls. */
  readonly stops: boolean;
};

export const NO_PLAN: Plan = {
  accounts: [],
  proofs: [],
  idempotency: [],
  records: [],
  holdIds: [],
  reservations: [],
  ends: [],
  places: 0,
  stops: false,
};

/** A statement, and what is done with its answer. */
export type Fetch = { readonly step: PgStep; readonly load: (result: PgResult) => void };

const OF_RESERVATIONS =
  ' OR account_id IN (SELECT account_id FROM reservation_lines WHERE book_id = $1 AND reservation_id = ANY($3::text[]))';

const HOLD_COLUMNS = 'hold_no, hold_id, call_id, state, receipt_id, nonce, epoch_id';

/** The transaction's first statements. Accounts are locked in the order of their ids, so that no two writers wait for each other. */
export function openingFetches(books: PgBooks, plan: Plan): readonly Fetch[] {
  const { bookId, unit } = books;
  const fetches: Fetch[] = [
    { step: { text: 'BEGIN', values: [] }, load: () => {} },
    lock(plan.stops ? 'pg_advisory_xact_lock' : 'pg_advisory_xact_lock_shared', stopLock(bookId)),
    {
      step: { name: 'stop', text: 'SELECT stopped, stop_reason FROM books WHERE book_id = $1', values: [bookId] },
      load: (result) => {
        unit.stop = rowsOf(result)[0] as SqlRow;
        books.stop = unit.stop.stopped === 0n ? null : ((unit.stop.stop_reason as string | null) ?? '');
      },
    },
  ];
  // Before the time is read: it does not go back along a record either.
  if (plan.records.length > 0) fetches.push(recordFetch(books, plan.records));
  if (plan.accounts.length > 0 || plan.ends.length > 0) fetches.push(...accountFetches(books, plan.accounts, plan.ends));
  else fetches.push(timeFetch(books));
  if (plan.proofs.length > 0) fetches.push(...proofFetches(books, plan.proofs));
  if (plan.reservations.length > 0) fetches.push(...reservationFetches(books, plan.reservations));
  if (plan.idempotency.length > 0) fetches.push(idempotencyFetch(books, plan.idempotency));
  if (unit.isStrict && plan.holdIds.length > 0) fetches.push(holdFetch(books, plan.holdIds));
  if (books.holdNumbersLeft < BigInt(plan.places)) fetches.push(holdNumbers(books));
  return fetches;
}

export function fetchesOf(books: PgBooks, need: Need): readonly Fetch[] {
  if (need.kind === 'accounts') return accountFetches(books, need.ids);
  if (need.kind === 'proofs') return proofFetches(books, need.ids);
  if (need.kind === 'reservations') return reservationFetches(books, need.ids);
  if (need.kind === 'read') return [readFetch(books, need.name, need.values)];
  return [need.kind === 'holds' ? holdFetch(books, need.ids) : laneFetch(books, need.id)];
}

function lock(name: string, key: bigint): Fetch {
  return { step: { name, text: `SELECT ${name}($1)`, values: [key] }, load: () => {} };
}

/** @param ends reservations whose accounts are read too, in the same order. */
function accountFetches(books: PgBooks, ids: readonly string[], ends: readonly string[] = []): readonly Fetch[] {
  const text = (more: string) =>
    `SELECT * FROM accounts WHERE book_id = $1 AND (account_id = ANY($2::text[])${more}) ORDER BY account_id FOR UPDATE`;
  return [
    {
      step: {
        ...(ends.length === 0
          ? { name: 'accounts', text: text(''), values: [books.bookId, ids] }
          : { name: 'accounts_of_ends', text: text(OF_RESERVATIONS), values: [books.bookId, ids, ends] }),
      },
      load: (result) => {
        for (const id of ids) {
          if (!books.unit.accounts.has(id)) books.unit.accounts.set(id, { found: null, row: null, isPlaced: false, isRestored: false });
        }
        for (const row of rowsOf(result)) loadAccount(books, row);
      },
    },
    timeFetch(books),
  ];
}

/**
 * The latest time that any writer has committed at, read under the accounts' locks: so time never goes back along an account's postings,
 * whatever the clocks of their writers say, and no month is written to after a later one.
 */
function timeFetch(books: PgBooks): Fetch {
  return {
    step: { name: 'time', text: 'SELECT max(wall_high) AS high FROM lanes WHERE book_id = $1', values: [books.bookId] },
    load: (result) => {
      books.now = Math.max(books.now, Number(rowsOf(result)[0]?.high ?? 0n));
    },
  };
}

/**
 * A row is taken as it is where it is exactly what this writer saw last, or a later version under a writer's seal. Any other is audited
 * against its postings and its open holds before anything is done on it.
 */
function loadAccount(books: PgBooks, found: SqlRow): void {
  const row = accountRow(found);
  books.unit.accounts.set(row.id, { found, row: found, isPlaced: false, isRestored: false });
  setGuarded(books, row.id, found.guarded as bigint);
  if (isTrusted(books, row, found)) books.accounts.set(row.id, row);
}

function isTrusted({ known, chainKey, bookId }: PgBooks, row: AccountRow, { guarded, seal }: SqlRow): boolean {
  const before = known.get(row.id);
  if (before === undefined || row.version < before.version) return false;
  if (row.version === before.version && accountDifferences(row, before).length > 0) return false;
  return rowSeal(chainKey, bookId, row, guarded as bigint) === seal;
}

function setGuarded(books: PgBooks, id: string, guarded: bigint): void {
  if (guarded === 0n) books.guarded.delete(id);
  else books.guarded.set(id, Number(guarded));
}

function proofFetches(books: PgBooks, ids: readonly string[]): readonly Fetch[] {
  const postings = new Map<string, SqlRow[]>();
  return [
    {
      step: {
        name: 'last_postings',
        text: `SELECT p.* FROM unnest($2::text[]) AS q(account_id), LATERAL (
          SELECT * FROM postings WHERE book_id = $1 AND account_id = q.account_id ORDER BY seq DESC LIMIT 2) p`,
        values: [books.bookId, ids],
      },
      load: (result) => {
        for (const row of rowsOf(result)) postings.set(row.account_id as string, [...(postings.get(row.account_id as string) ?? []), row]);
      },
    },
    {
      // Two halves, because a sum of amounts that somebody edited may exceed 64 bits.
      step: {
        name: 'open_sums',
        text: `SELECT account_id, sum(amount >> 32)::bigint AS high, sum(amount & 4294967295)::bigint AS low, sum(guarded)::bigint AS guarded
          FROM (
            SELECT l.account_id, l.amount, CASE WHEN h.proof = 'count' THEN 1 ELSE 0 END AS guarded
            FROM holds h JOIN hold_lines l ON l.hold_no = h.hold_no
            WHERE h.state = 'open' AND h.book_id = $1 AND l.account_id = ANY($2::text[])
            UNION ALL SELECT account_id, amount, 0 FROM (${numbered(RESERVED)}) r WHERE account_id = ANY($2::text[])
          ) o GROUP BY account_id`,
        values: [books.bookId, ids],
      },
      load: (result) => {
        const sums = new Map(rowsOf(result).map((row) => [row.account_id as string, row]));
        for (const id of ids) {
          const sum = sums.get(id);
          const held = sum === undefined ? 0n : ((sum.high as bigint) << 32n) + (sum.low as bigint);
          const guarded = (sum?.guarded as bigint | undefined) ?? 0n;
          books.unit.proofs.set(id, {
            postings: (postings.get(id) ?? []).sort((a, b) => ((a.seq as bigint) > (b.seq as bigint) ? -1 : 1)),
            held,
            guarded,
          });
          if (!books.accounts.has(id)) setGuarded(books, id, guarded);
        }
      },
    },
  ];
}

function idempotencyFetch({ bookId, unit }: PgBooks, keys: Plan['idempotency']): Fetch {
  return {
    step: {
      name: 'idempotency',
      text: `SELECT i.key_id, i.route, i.idempotency_key, i.body_mac, ${HOLD_COLUMNS.replaceAll(/(\w+)/g, 'h.$1')}
        FROM unnest($2::text[], $3::text[], $4::text[]) AS q(key_id, route, idempotency_key)
        JOIN idempotency i ON i.book_id = $1 AND i.key_id = q.key_id AND i.route = q.route AND i.idempotency_key = q.idempotency_key
        JOIN holds h ON h.hold_no = i.hold_no`,
      values: [bookId, keys.map(([keyId]) => keyId), keys.map(([, route]) => route), keys.map(([, , key]) => key)],
    },
    load: (result) => {
      for (const key of keys) unit.idempotency.set(idempotencyName(bookId, ...key), null);
      for (const row of rowsOf(result)) {
        unit.idempotency.set(idempotencyName(bookId, row.key_id, row.route, row.idempotency_key), row);
        unit.holdsByNo.set(row.hold_no as bigint, row);
      }
    },
  };
}

function recordFetch({ bookId, unit }: PgBooks, names: Plan['records']): Fetch {
  return {
    step: {
      name: 'records',
      text: `SELECT r.* FROM unnest($2::text[], $3::text[]) AS q(kind, record_id)
        JOIN records r ON r.book_id = $1 AND r.kind = q.kind AND r.record_id = q.record_id ORDER BY r.kind, r.record_id FOR UPDATE OF r`,
      values: [bookId, names.map(([kind]) => kind), names.map(([, id]) => id)],
    },
    load: (result) => {
      for (const [kind, id] of names) unit.records.set(recordName(kind, id), { found: null, row: null });
      for (const row of rowsOf(result)) unit.records.set(recordName(row.kind, row.record_id), { found: row, row });
    },
  };
}

function holdFetch({ bookId, unit }: PgBooks, ids: readonly string[]): Fetch {
  return {
    step: {
      name: 'holds',
      text: `SELECT ${HOLD_COLUMNS} FROM holds WHERE book_id = $1 AND hold_id = ANY($2::text[]) ORDER BY hold_no FOR UPDATE`,
      values: [bookId, ids],
    },
    load: (result) => {
      for (const id of ids) if (!unit.holds.has(id)) unit.holds.set(id, null);
      for (const row of rowsOf(result)) {
        unit.holds.set(row.hold_id as string, row);
        unit.holdsByNo.set(row.hold_no as bigint, row);
      }
    },
  };
}

const TEXTS = readSqlFolder(new URL('../sql/', import.meta.url));

function readFetch({ unit }: PgBooks, name: ReadName, values: readonly Value[]): Fetch {
  return {
    step: { name: `read_${name}`, text: numbered(TEXTS.get(name) as string), values },
    load: (result) => {
      unit.reads.set(readName(name, values), rowsOf(result));
    },
  };
}

function laneFetch({ bookId, unit }: PgBooks, id: string): Fetch {
  return {
    step: {
      name: 'lane',
      text: 'SELECT lane_no, next_seq, signed_to FROM lanes WHERE book_id = $1 AND lane_id = $2 FOR UPDATE',
      values: [bookId, id],
    },
    load: (result) => {
      unit.lanes.set(id, rowsOf(result)[0] ?? null);
    },
  };
}

/** Numbers of holds are taken in blocks: they are unique over all writers, and need not follow each other. */
function holdNumbers(books: PgBooks): Fetch {
  return {
    step: { name: 'hold_numbers', text: "SELECT nextval('hold_numbers') AS first", values: [] },
    load: (result) => {
      books.nextHoldNo = rowsOf(result)[0]?.first as bigint;
      books.holdNumbersEnd = books.nextHoldNo + 10_000n;
    },
  };
}
