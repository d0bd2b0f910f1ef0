import type { Node, ObjectNode } from '../../packages/server/src/gateway/body/schema.ts';
import { between, pick } from '../support/random.ts';
import { type Member, scalar, type Tree, treeOf } from './json-tree.ts';
import type { Random } from './target.ts';

/** Values that no field minds. */
const ANYTHING: readonly unknown[] = [
  null,
  true,
  0,
  1.5,
  '',
  'text',
  [],
  {},
  { type: 'object', properties: { a: { type: 'string' } } },
  [1, [2]],
];
const STRINGS = ['', 'text', 'Grüße 🧾', 'gpt-4o', '\u0000', '"', 'line\nline', '\ufdfa'];
const KEY_PIECES = ['a', 'user_id', '7', 'é'];
/** Deeper than any body needs to be, so that schemas that hold themselves end. */
const DEPTH_MAX = 12;
/** How often a field that may be left out is there. */
const OPTIONAL_SHARE = 0.3;

/** A body that the allow-list mostly takes: every field, alternative and value of it comes up, which no list of examples would do. */
export function fromSchema(schema: ObjectNode, random: Random): Tree {
  return tree(schema, random, 0);
}

function tree(node: Node, random: Random, depth: number): Tree {
  if ('nullable' in node && node.nullable === true && random() < 0.1) return scalar('null');
  switch (node.kind) {
    case 'oneOf':
      return tree(pick(random, node.of), random, depth);
    case 'object':
      return object(node, random, depth);
    case 'array': {
      const most = depth > DEPTH_MAX ? 0 : between(random, 0, 3);
      const length = Math.max(node.min ?? 0, Math.min(most, node.max ?? most));
      return { kind: 'array', items: Array.from({ length }, () => tree(node.items, random, depth + 1)) };
    }
    case 'enum':
      return treeOf(pick(random, node.values));
    case 'string':
      return treeOf((node.prefix ?? '') + pick(random, STRINGS));
    case 'integer':
      return scalar(String(between(random, Math.max(node.min ?? -5, -1e6), Math.min(node.max ?? 2000, 2000))));
    case 'number':
      return scalar(pick(random, ['0.5', '1e-2', '1', '-0.0', '1E+1']));
    case 'boolean':
      return treeOf(node.only ?? random() < 0.5);
    case 'forbidden':
      return scalar(node.nullable === true ? 'null' : '0');
    case 'any':
      return treeOf(pick(random, ANYTHING));
  }
}

function object(node: ObjectNode, random: Random, depth: number): Tree {
  const sets = node.requiredSets ?? [];
  const needed = new Set([...(node.required ?? []), ...(sets.length === 0 ? [] : pick(random, sets))]);
  const share = depth > DEPTH_MAX ? 0 : OPTIONAL_SHARE;
  const names = Object.keys(node.fields).filter((name) => {
    if (needed.has(name)) return true;
    const isShut =
      node.fields[name]?.kind === 'forbidden' ||
      node.exclusive?.some((set) => set.includes(name) && set.some((other) => needed.has(other)));
    return random() < (isShut === true ? 0.01 : share);
  });
  const members = names.map((name): Member => [JSON.stringify(name), tree(node.fields[name] ?? { kind: 'any' }, random, depth + 1)]);
  if (node.rest !== undefined && random() < share)
    members.push([JSON.stringify(pick(random, KEY_PIECES)), tree(node.rest, random, depth + 1)]);
  return { kind: 'object', members };
}
