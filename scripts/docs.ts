/**
 * `npm run docs`: writes the tables of docs/reference/ from the code that they describe. What stands outside the two marks
 * of a page is written by hand and kept. `npm run docs -- --check` writes nothing and fails when a page is stale.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ERRORS } from '../packages/core/src/errors.ts';
import { CONFIG_KEYS } from '../packages/server/src/ground/config-keys.ts';
import { contractsPage } from './contracts-docs.ts';
import { dialectPage } from './dialect-table.ts';
import { gasPage } from './gas-table.ts';
import { table } from './markdown.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const START = '<!-- table: written by `npm run docs`; edit the code, not the table -->';
const END = '<!-- /table -->';

type ErrorEntry = { readonly status: number; readonly final: boolean; readonly what: string; readonly fix: string };
type ConfigEntry = { readonly default: string; readonly unit?: string; readonly description: string };
export type Page = { readonly path: string; readonly intro: string; readonly table: string };

export const PAGES: readonly Page[] = [
  {
    path: 'docs/reference/errors.md',
    intro: `# Errors

Every error that leaves Tallystick carries one of these codes, in the field that the caller's dialect has for it.
*Final* means that repeating the same request cannot help: such an answer carries \`x-should-retry: false\`.
A message never holds a secret, a stack trace or an SQL text.
`,
    table: errorTable(ERRORS),
  },
  {
    path: 'docs/reference/configuration.md',
    intro: `# Configuration

Each setting is an environment variable of this name; the same names may stand in one optional JSON file, which the environment
overrides. A value that is not valid, or a name that is not listed here, stops the start with \`CONFIG_INVALID\`, which names it.
`,
    table: configTable(CONFIG_KEYS),
  },
  {
    path: 'docs/reference/dialects.md',
    intro: '# Dialects\n',
    table: dialectPage(),
  },
  {
    path: 'docs/reference/contracts.md',
    intro: `# Contracts

**Audited: nothing yet.** No third party has reviewed these contracts. What they are tested against stands in [the threat model](threat-model.md).

The tables are written from the interfaces in [\`contracts/src/interfaces/\`](../../contracts/src/interfaces), the roles from
[\`contracts/roles.ts\`](../../contracts/roles.ts), which deployment wires too. No contract can be upgraded: a new version has a new address.
*Entry* stops while the guardian has paused; an *exit* never stops.
`,
    table: contractsPage(),
  },
  {
    path: 'docs/reference/gas.md',
    intro: `# Gas

What the contracts' calls cost, as \`npm run gas\` measured and recorded it in [\`contracts/gas.json\`](../../contracts/gas.json). \`npm test\` measures it again and fails
where a figure grew by one.

A figure is the execution of one call. A transaction pays 21,000 and its calldata on top (16 for each byte that is not zero, 4 for each that is), and on a
rollup the data's price on its parent chain: a figure that counts the first two says so in its name; the last depends on the day and is in none.
Where a test cools the accounts that it touches, a call pays for each slot as a transaction of its own would.
`,
    table: gasPage(),
  },
];

export function errorTable(errors: Readonly<Record<string, ErrorEntry>>): string {
  const rows = Object.entries(errors).map(([code, e]) => [`\`${code}\``, String(e.status), e.final ? 'yes' : 'no', e.what, e.fix]);
  return table(['Code', 'Status', 'Final', 'What happened', 'What to do'], rows);
}

export function configTable(keys: Readonly<Record<string, ConfigEntry>>): string {
  const rows = Object.entries(keys).map(([name, key]) => [
    `\`${name}\``,
    key.default === '' ? '(empty)' : `\`${key.default}\``,
    key.unit ?? '',
    key.description,
  ]);
  return table(['Name', 'Default', 'Unit', 'Meaning'], rows);
}

/** The page as it should be: the hand-written text that stands now (or the intro, at first) around the fresh table. */
export function render(page: Page, current: string | undefined): string {
  const fresh = `${START}\n\n${page.table}\n\n${END}`;
  if (current === undefined) return `${page.intro}\n${fresh}\n`;
  const [from, to] = [current.indexOf(START), current.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${page.path}: the marks around the table are missing`);
  return current.slice(0, from) + fresh + current.slice(to + END.length);
}

/** The names in the first column of a page's table; what the documentation claims exists. */
export function documentedNames(text: string): string[] {
  return [...text.matchAll(/^\| `([A-Z][A-Z0-9_]*)` \|/gm)].map((match) => match[1] ?? '');
}

export function readPage(page: Page): string | undefined {
  const path = join(ROOT, page.path);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function main(check: boolean): number {
  const stale = PAGES.filter((page) => render(page, readPage(page)) !== readPage(page));
  for (const page of stale) {
    if (!check) {
      mkdirSync(dirname(join(ROOT, page.path)), { recursive: true });
      writeFileSync(join(ROOT, page.path), render(page, readPage(page)));
    }
    console.log(`${page.path}: ${check ? 'stale; run `npm run docs`' : 'written'}`);
  }
  if (stale.length === 0) console.log('docs/reference/ is up to date');
  return check && stale.length > 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = main(process.argv.includes('--check'));
