import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { anchor } from '../../scripts/markdown.ts';

const PAGE = fileURLToPath(new URL('../../docs/reference/dialects.md', import.meta.url));

export const DIALECTS = ['OpenAI', 'Anthropic', 'Google'] as const;
export type DialectTitle = (typeof DIALECTS)[number];

export type Row = { readonly path: string; readonly takes: string; readonly note: string };
/** One table of fields: of a body (`at` is empty), or of an object inside one. */
export type Section = {
  readonly dialect: DialectTitle;
  readonly routes: readonly string[];
  /** Where the object stands first: `messages[].content[]`. */
  readonly at: string;
  readonly anchor: string;
  readonly rows: readonly Row[];
};
export type PageRoute = { readonly dialect: DialectTitle; readonly method: string; readonly path: string; readonly upstream: string };

/** The page as readers have it. */
export const readDialects = (): string => readFileSync(PAGE, 'utf8');

/** Cells of the tables under a heading, without head and rule. */
export function tableUnder(page: string, heading: string): string[][] {
  const from = page.indexOf(`\n${heading}\n`);
  if (from < 0) throw new Error(`the page has no heading ${heading}`);
  const text = page.slice(from + heading.length + 2);
  const end = text.search(/^#/m);
  return rowsIn(end < 0 ? text : text.slice(0, end));
}

function rowsIn(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(2).map((line) => line.slice(2, -2).split(/ ?\| /));
}

export const codesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

export function pageRoutes(page: string): PageRoute[] {
  return DIALECTS.flatMap((dialect) =>
    tableUnder(page, `### Routes of ${dialect}`).map(([route = '', upstream = '']) => {
      const [method = '', path = ''] = codesIn(route)[0]?.split(' ') ?? [];
      return { dialect, method, path, upstream };
    }),
  );
}

export function sections(page: string): Section[] {
  const chapters = [...page.matchAll(/^## (\w+)$/gm)];
  return DIALECTS.flatMap((dialect) => {
    const at = chapters.findIndex(([, title]) => title === dialect);
    const chapter = page.slice(chapters[at]?.index, chapters[at + 1]?.index);
    return [...chapter.matchAll(/^#{3,4} (Body of (.*)|(`.*`) of (`.*`))$/gm)].map(([, heading = '', routes, where, route]) => ({
      dialect,
      routes: codesIn(routes ?? route ?? ''),
      at: codesIn(where ?? '')[0] ?? '',
      anchor: anchor(heading),
      rows: tableUnder(page, `${where === undefined ? '###' : '####'} ${heading}`).map(([name = '', takes = '', note = '']) => ({
        path: codesIn(name)[0] ?? '',
        takes,
        note,
      })),
    }));
  });
}

export const isRefused = ({ takes }: Row): boolean => takes.startsWith('**refused**');

/** The anchors that a row refers to. */
export const linksOf = ({ takes }: Row): string[] => [...takes.matchAll(/\]\(#([^)]+)\)/g)].map(([, to = '']) => to);

/** Every field of a route's body by its whole path, objects of other tables put in where they are referred to. */
export function wholePaths(all: readonly Section[], section: Section, before = ''): Map<string, Row> {
  const paths = new Map<string, Row>();
  for (const row of section.rows) {
    const path = before + row.path;
    paths.set(path, row);
    for (const link of linksOf(row)) {
      const inner = all.find((each) => each.anchor === link);
      if (inner === undefined) throw new Error(`${path} refers to #${link}, which is not there`);
      const list = new RegExp(`array[^[]*\\[object\\]\\(#${link}\\)`).test(row.takes) ? '[]' : '';
      for (const [each, its] of wholePaths(all, inner, `${path}${list}.`)) paths.set(each, its);
    }
  }
  return paths;
}
