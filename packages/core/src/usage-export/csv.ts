import { refuse } from './refuse.ts';

const ROWS_MAX = 100_000;

/**
 * Reads a table with a heading (RFC 4180, UTF-8): the columns must be exactly these, in any order.
 * @returns each row by column.
 */
export function csvRows<C extends string>(text: string, columns: readonly C[]): readonly Readonly<Record<C, string>>[] {
  const [heading, ...rows] = parse(text.replace(/^\u{feff}/u, ''));
  if (heading === undefined) return refuse('it is empty');
  const sorted = [...heading].sort().join();
  if (sorted !== [...columns].sort().join()) refuse(`its columns must be ${columns.join(', ')}`);
  return rows.map((row, index) => {
    if (row.length !== heading.length) refuse(`row ${index + 2} has ${row.length} cells, the heading ${heading.length}`);
    return Object.fromEntries(heading.map((name, at) => [name, row[at]])) as Record<C, string>;
  });
}

/** One cell and what ends it: quoted or bare, then a comma, a line end, or the end. */
const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

function parse(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  CELL.lastIndex = 0;
  while (CELL.lastIndex < text.length) {
    const [, quoted, bare = '', end] = CELL.exec(text) ?? refuse(`row ${rows.length + 1} is not valid CSV`);
    row.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end === ',') {
      // A comma at the very end announces one more cell, which is empty.
      if (CELL.lastIndex === text.length) row.push('');
      continue;
    }
    rows.push(row);
    row = [];
    if (rows.length > ROWS_MAX) refuse(`it has more than ${ROWS_MAX} rows`);
  }
  if (row.length > 0) rows.push(row);
  return rows;
}
