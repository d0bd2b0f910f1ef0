import type { Spread } from './stats.ts';

/** Aligned columns: the first to the left, figures to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)));
    return `  ${cells.join('   ')}`.trimEnd();
  });
}

/** `1.23 × (1.10–1.40)`: the median of the rounds, and their extremes. */
export function times(value: Spread | null | undefined): string {
  if (value === null || value === undefined) return '–';
  const digits = (number: number) => number.toFixed(Math.abs(number) < 10 ? 2 : 1);
  if (value.min === value.max) return `${digits(value.median)} ×`;
  return `${digits(value.median)} × (${digits(value.min)}–${digits(value.max)})`;
}

/** One of the project's own targets, with what was measured. */
export type Target = { readonly what: string; readonly figure: string; readonly reached: boolean };

export function targetLine({ what, figure, reached }: Target): string {
  return `  ${reached ? 'reached    ' : 'NOT reached'}  ${what}: ${figure}`;
}
