import type { SqlRow } from '#ground/database';
import type { PgResult } from '#ground/postgres-pipeline';
import type { PgRow } from '#ground/postgres-values';

/** Rows of the books' own tables: none of their columns is a boolean, so they are as SQLite gives them. */
export function rowsOf({ rows }: PgResult): readonly SqlRow[] {
  return sqlRows(rows);
}

export function sqlRows(rows: readonly PgRow[]): readonly SqlRow[] {
  return rows as readonly SqlRow[];
}

/** A reading statement with `?` for each value, as PostgreSQL numbers them. */
export function numbered(sql: string): string {
  let n = 0;
  return sql.replaceAll('?', () => {
    n += 1;
    return `$${n}`;
  });
}
