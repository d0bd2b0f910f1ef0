import { describe, expect, it } from 'vitest';
import type { Node } from '../../packages/server/src/gateway/body/schema.ts';
import { BETAS_ALLOWED, BETAS_REFUSED } from '../../packages/server/src/gateway/providers/anthropic/betas.ts';
import { CALL_ROUTES, routeOf } from '../../packages/server/src/gateway/routes.ts';
import { codesIn, isRefused, pageRoutes, readDialects, sections, tableUnder, wholePaths } from '../support/dialect-page.ts';

const page = readDialects();
const all = sections(page);

/** Every field of an allow-list by its whole path, and whether it is refused; read without the help of what writes the page. */
function fieldsOf(node: Node, path: string, found: Map<string, boolean>): Map<string, boolean> {
  if (node.kind === 'array') fieldsOf(node.items, `${path}[]`, found);
  if (node.kind === 'oneOf') {
    const lists = node.of.flatMap((each) => (each.kind === 'array' && each.items.kind === 'object' ? [each.items.fields] : []));
    for (const each of node.of) if (each.kind !== 'object' || !lists.includes(each.fields)) fieldsOf(each, path, found);
  }
  if (node.kind !== 'object') return found;
  const members = [...Object.entries(node.fields), ...(node.rest === undefined ? [] : [['*', node.rest] as const])];
  for (const [name, each] of members) {
    const other = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (other !== name && node.fields[other] === each) continue;
    const at = path === '' ? name : `${path}.${name}`;
    found.set(at, each.kind === 'forbidden');
    fieldsOf(each, at, found);
  }
  return found;
}

describe('docs/reference/dialects.md', () => {
  it('lists every route that is sent upstream, and no route that is not one', () => {
    const documented = pageRoutes(page);
    const posts = documented.filter(({ method }) => method === 'POST').map(({ path }) => path);
    expect(posts.sort()).toEqual(CALL_ROUTES.map(({ route }) => route).sort());
    for (const { path, method } of documented) {
      const route = routeOf(path.replace('{model}', 'a-model'), {});
      expect(route?.kind, path).toBe(method === 'POST' ? 'call' : path.includes('{') ? 'model' : 'models');
    }
  });

  it.each(CALL_ROUTES.map((spec) => [spec.route, spec] as const))(
    '%s: lists each field that it takes or refuses, and no other',
    (route, spec) => {
      const own = all.filter(({ at, routes }) => at === '' && routes.includes(route));
      expect(own).toHaveLength(1);
      const documented = new Map(own.flatMap((section) => [...wholePaths(all, section)]).map(([path, row]) => [path, isRefused(row)]));
      expect(documented.size).toBeGreaterThan(3);
      expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(fieldsOf(spec.fields, '', new Map())));
    },
  );

  it('lists each beta that is passed on, and each that is refused by name', () => {
    const rows = tableUnder(page, '### Betas of Anthropic');
    const named = (is: RegExp) => rows.filter(([, what = '']) => is.test(what)).flatMap(([names = '']) => codesIn(names));
    expect(named(/^passed on/)).toEqual([...BETAS_ALLOWED]);
    expect(named(/^\*\*refused/).sort()).toEqual(BETAS_REFUSED.map(([start]) => `${start}…`).sort());
  });

  it('has one table for each heading that it refers to, and refers to each', () => {
    const anchors = all.map(({ anchor }) => anchor);
    expect(new Set(anchors).size).toBe(anchors.length);
    const linked = all.flatMap(({ rows }) => rows.flatMap(({ takes }) => [...takes.matchAll(/\(#([^)]+)\)/g)].map(([, to = '']) => to)));
    const inner = all.filter(({ at }) => at !== '').map(({ anchor }) => anchor);
    expect([...new Set(linked)].sort()).toEqual(inner.sort());
  });
});

describe('a planted difference is seen', () => {
  it.each([
    ['a field that only the page knows', '| `frequency_penalty` |', '| `frequency_fine` |'],
    ['a refused field that the page calls allowed', '| `web_search_options` | **refused**', '| `web_search_options` | object'],
  ])('%s', (_, from, to) => {
    const edited = page.replace(from, to);
    expect(edited).not.toBe(page);
    const tables = sections(edited);
    const chat = tables.find(({ at, routes }) => at === '' && routes.includes('/v1/chat/completions'));
    const fields = CALL_ROUTES.find(({ route }) => route === '/v1/chat/completions')?.fields;
    if (chat === undefined || fields === undefined) throw new Error('the chat route is gone');
    const documented = new Map([...wholePaths(tables, chat)].map(([path, row]) => [path, isRefused(row)]));
    expect(documented).not.toEqual(fieldsOf(fields, '', new Map()));
  });
});
