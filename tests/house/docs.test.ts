import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../packages/core/src/errors.ts';
import { CONFIG_KEYS } from '../../packages/server/src/ground/config-keys.ts';
import { configTable, documentedNames, errorTable, PAGES, type Page, readPage, render } from '../../scripts/docs.ts';
import { anchor } from '../../scripts/markdown.ts';
import { isTest, readTree } from './tree.ts';

/** Names with our prefix that the daemon does not read: the CLI's own and the test runner's. */
const NOT_THE_DAEMONS = /^TALLY_(URL|DONOR_TOKEN|DEPLOYER_KEY|TEST_\w*)$/;

describe('docs/reference', () => {
  it.each([
    ['docs/reference/errors.md', Object.keys(ERRORS)],
    ['docs/reference/configuration.md', Object.keys(CONFIG_KEYS)],
  ])('%s lists exactly what the code knows', (path, names) => {
    const page = PAGES.find((one) => one.path === path) as Page;
    const documented = documentedNames(readPage(page) ?? '');
    expect(documented.filter((name) => !names.includes(name))).toEqual([]);
    expect(names.filter((name) => !documented.includes(name))).toEqual([]);
  });

  it.each(PAGES.map((page) => [page.path, page] as const))('%s is fresh (else: npm run docs)', (_path, page) => {
    expect(readPage(page)).toBe(render(page, readPage(page)));
  });

  it('advises to remove nothing of the chain but what is rebuilt from it: the folder beside has the only record of a deployment', () => {
    const advice = [ERRORS.CHAIN_REORG_TOO_DEEP, ERRORS.CHAIN_BOOKS_WRONG].map(({ fix }) => fix);
    for (const fix of advice) expect(fix).toMatch(/remove the folder `chain\/books-<chain id>` of the data folder, and nothing beside it/i);
  });

  it('names no setting, in code or documentation, that does not exist', () => {
    const tree = readTree(undefined, (path) => /\.(tsx?|md|sh|ya?ml|service|json)$/.test(path) && !isTest(path));
    const unknown = [...tree].flatMap(([path, text]) => {
      const names = new Set(text.match(/\bTALLY_[A-Z][A-Z0-9_]*\b/g) ?? []);
      return [...names].filter((name) => !(name in CONFIG_KEYS) && !NOT_THE_DAEMONS.test(name)).map((name) => `${path}: ${name}`);
    });
    expect(unknown).toEqual([]);
  });
});

/** Links of a page to this repository's own files and headings that lead nowhere. */
function deadLinks(path: string, text: string, read: (path: string) => string | undefined): string[] {
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => to).filter((to) => !/^[a-z]+:/.test(to));
  return links.filter((to) => {
    const [file = '', heading] = to.split('#');
    const target = read(file === '' ? path : join(dirname(path), file));
    const headings = [...(target ?? '').matchAll(/^#+ (.*)$/gm)].map(([, each = '']) => anchor(each));
    return target === undefined || (heading !== undefined && !headings.includes(heading));
  });
}

describe('links', () => {
  it('lead to files and headings that are there', () => {
    const tree = readTree();
    const paths = [...tree.keys()];
    const pages = [...tree].filter(([path]) => path.endsWith('.md'));
    expect(pages.length).toBeGreaterThan(10);
    const read = (path: string) => tree.get(path) ?? (paths.some((each) => each.startsWith(`${path}/`)) ? '' : undefined);
    const dead = pages.flatMap(([path, text]) => deadLinks(path, text, read).map((to) => `${path}: ${to}`));
    expect(dead).toEqual([]);
  });

  it('that lead nowhere are found', () => {
    const files = new Map([['docs/a.md', '## One thing']]);
    const text = '[1](a.md#one-thing) [2](a.md#other) [3](b.md) [4](https://example.com/#x) [5](#own)\n# Own';
    expect(deadLinks('docs/c.md', text, (path) => (path === 'docs/c.md' ? text : files.get(path)))).toEqual(['a.md#other', 'b.md']);
  });
});

describe('a planted difference is seen', () => {
  const page: Page = { path: 'x.md', intro: '# X\n', table: errorTable({ GONE: { status: 400, final: true, what: 'a|b', fix: 'c' } }) };

  it('an undocumented code makes the page stale', () => {
    const written = render({ ...page, table: errorTable({}) }, undefined);
    expect(documentedNames(written)).toEqual([]);
    expect(render(page, written)).not.toBe(written);
    expect(documentedNames(render(page, written))).toEqual(['GONE']);
  });

  it('a code that only the page knows is found', () => {
    const edited = render(page, undefined).replace('`GONE`', '`GHOST`');
    expect(documentedNames(edited)).toEqual(['GHOST']);
    expect(render(page, edited)).not.toBe(edited);
  });

  it('hand-written text around the table is kept, and lost marks are an error', () => {
    const edited = `${render(page, undefined)}\nMore by hand.\n`;
    expect(render(page, edited)).toBe(edited);
    expect(() => render(page, '# X\nno marks')).toThrow('marks');
  });

  it('cells keep their bars, defaults and units', () => {
    expect(page.table).toContain('a\\|b');
    expect(configTable({ A_MS: { default: '5', unit: 'ms', description: 'd' } })).toContain('| `A_MS` | `5` | ms | d |');
  });
});
