import type { SqlRow } from '#ground/database';
import type { PgStep } from '#ground/postgres-pipeline';
import type { Unit } from './unit.ts';

/** Bodies are large: so many characters of them go with one statement, and the row that passes that. */
const BODIES_MAX = 16_777_216;

const COLUMNS = ['kind', 'record_id', 'rev', 'state', 'body', 'created_at', 'written_at', 'mac'] as const;
const TYPES = ['text', 'text', 'bigint', 'text', 'text', 'bigint', 'bigint', 'text'] as const;

type Changed = { readonly found: SqlRow; readonly row: SqlRow };

/** Writes what the batch has made of its records. Each that was there is locked, and must still be exactly the one that was found. */
export function recordSteps({ records }: Unit, bookId: string): readonly PgStep[] {
  // In one order, so that no two writers wait for each other.
  const all = [...records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
  const added = all.flatMap(({ found, row }) => (found === null && row !== null ? [row] : []));
  const changed = all.filter((record): record is Changed => record.found !== null && record.row !== null && record.row !== record.found);
  const removed = all.flatMap(({ found, row }) => (found !== null && row === null ? [found] : []));
  return [
    ...slices(added, (row) => row).map((rows) => addStep(bookId, rows)),
    ...slices(changed, ({ row }) => row).map((rows) => changeStep(bookId, rows)),
    ...(removed.length === 0 ? [] : [removeStep(bookId, removed)]),
  ];
}

function slices<T>(items: readonly T[], rowOf: (item: T) => SqlRow): readonly (readonly T[])[] {
  const all: T[][] = [];
  let room = 0;
  for (const item of items) {
    if (room <= 0) {
      all.push([]);
      room = BODIES_MAX;
    }
    all.at(-1)?.push(item);
    room -= (rowOf(item).body as string).length;
  }
  return all;
}

/** Another host may have created one of them a moment ago: then the batch begins again, and finds it. */
function addStep(bookId: string, rows: readonly SqlRow[]): PgStep {
  return {
    name: 'add_records',
    text: `WITH done AS (
        INSERT INTO records (book_id, ${COLUMNS.join(', ')}) SELECT $1, * FROM unnest(${arrays(TYPES, 3)})
        ON CONFLICT (book_id, kind, record_id) DO NOTHING RETURNING 1
      ) SELECT tally_expect('records', 'TA001', (SELECT count(*) FROM done), $2)`,
    values: [bookId, rows.length, ...valuesOf(rows)],
  };
}

function changeStep(bookId: string, changed: readonly Changed[]): PgStep {
  const set = COLUMNS.slice(2).map((column) => `${column} = n.${column}`);
  return {
    name: 'change_records',
    text: `WITH done AS (
        UPDATE records r SET ${set.join(', ')} FROM unnest(${arrays([...TYPES, 'text'], 3)}) AS n(${COLUMNS.join(', ')}, found_mac)
        WHERE r.book_id = $1 AND r.kind = n.kind AND r.record_id = n.record_id AND r.mac = n.found_mac RETURNING 1
      ) SELECT tally_expect('records', 'TA001', (SELECT count(*) FROM done), $2)`,
    values: [bookId, changed.length, ...valuesOf(changed.map(({ row }) => row)), changed.map(({ found }) => found.mac ?? null)],
  };
}

function removeStep(bookId: string, found: readonly SqlRow[]): PgStep {
  const names = ['kind', 'record_id', 'mac'] as const;
  return {
    name: 'remove_records',
    text: `WITH done AS (
        DELETE FROM records r USING unnest(${arrays(['text', 'text', 'text'], 3)}) AS n(${names.join(', ')})
        WHERE r.book_id = $1 AND r.kind = n.kind AND r.record_id = n.record_id AND r.mac = n.mac RETURNING 1
      ) SELECT tally_expect('records', 'TA001', (SELECT count(*) FROM done), $2)`,
    values: [bookId, found.length, ...names.map((name) => found.map((row) => row[name] ?? null))],
  };
}

function arrays(types: readonly string[], first: number): string {
  return types.map((type, at) => `$${at + first}::${type}[]`).join(', ');
}

function valuesOf(rows: readonly SqlRow[]) {
  return COLUMNS.map((column) => rows.map((row) => row[column] ?? null));
}
