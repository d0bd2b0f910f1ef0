/** One column: its heading, and whether its values are numbers, which line up on the right. */
export type Column = { readonly head: string; readonly number?: boolean };
export type Style = { readonly terminal: boolean; bold(text: string): string };

/** For a terminal: aligned columns. Piped: one heading line, then tab-separated values that `cut` and `awk` can take apart. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], style: Style): string {
  const clean = rows.map((row) => row.map(cell));
  const heads = columns.map(({ head }) => head);
  if (!style.terminal) return [heads.map((head) => head.replaceAll(' ', '_')), ...clean].map((row) => row.join('\t')).join('\n');
  const widths = columns.map(({ head }, at) => Math.max(head.length, ...clean.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((text, at) => (columns[at]?.number ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [style.bold(line(heads)), ...clean.map(line)].join('\n');
}

export type Field = readonly [name: string, value: string];

/** One thing, field by field: aligned for a terminal, `name<tab>value` when piped. */
export function fields(pairs: readonly Field[], style: Style): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs
    .map(([name, value]) =>
      style.terminal ? `${style.bold(name.padEnd(width))}  ${cell(value)}` : `${name.replaceAll(' ', '_')}\t${cell(value)}`,
    )
    .join('\n');
}

/** One line of visible text: what comes from a file or a server must not move the cursor, colour the screen or break a row. */
export function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replace(CONTROLS, '\u{fffd}');
}

/** Text of several lines, as `cell` does with one: for a terminal, where a model's words must not act. */
export function prose(text: string): string {
  return text.replace(CONTROLS, (control) => (control === '\n' || control === '\t' ? control : '\u{fffd}'));
}

// C0 and C1 controls, and the marks that reverse the direction of writing.
const CONTROLS = /[\p{Cc}\u{202a}-\u{202e}\u{2066}-\u{2069}]/gu;
