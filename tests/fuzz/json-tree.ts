import { between, pick } from '../support/random.ts';
import type { Random } from './target.ts';

/**
 * JSON as text in the shape of a tree, so that what JSON.parse would lose can stand in it: keys twice, keys and numbers however written.
 * Scalars and keys are their own source text.
 */
export type Tree =
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly Tree[] }
  | { readonly kind: 'object'; readonly members: readonly Member[] };
export type Member = readonly [key: string, value: Tree];

export function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { kind: 'array', items: value.map(treeOf) };
  if (typeof value !== 'object' || value === null) return scalar(JSON.stringify(value));
  return { kind: 'object', members: Object.entries(value).map(([key, each]): Member => [JSON.stringify(key), treeOf(each)]) };
}

export const scalar = (text: string): Tree => ({ kind: 'scalar', text });

const SPACES = ['', '', '', ' ', '\n', '\t', '\r\n', '  '];

/** @returns the text, with white space here and there where `random` says so. */
export function render(tree: Tree, random: Random): string {
  const isSpaced = random() < 0.3;
  const gap = () => (isSpaced ? pick(random, SPACES) : '');
  const write = (node: Tree): string => {
    if (node.kind === 'scalar') return node.text;
    const parts =
      node.kind === 'array'
        ? node.items.map((item) => gap() + write(item) + gap())
        : node.members.map(([key, value]) => `${gap()}${key}${gap()}:${gap()}${write(value)}${gap()}`);
    const inside = parts.length === 0 ? gap() : parts.join(',');
    return node.kind === 'array' ? `[${inside}]` : `{${inside}}`;
  };
  return gap() + write(tree) + gap();
}

/** Scalars that parsers, counters and limits dislike. Some are not JSON at all. */
const SCALARS = [
  ...['0', '-0', '1', '-1', '1.0', '1e0', '1E5', '1e20', '1e400', '-1e400', '1e-400', '0.1', '00', '01', '.5', '1.', '+1', '- 1', '0x10'],
  ...['9007199254740991', '9007199254740992', '9007199254740993', '18446744073709551616', '1e-7', '123456789012345678901234567890'],
  ...['true', 'false', 'null', 'True', 'nul', 'NaN', 'Infinity', 'undefined', '{}', '[]', '[[]]', '[{}]', '[null]', '""', "''", ''],
  ...[
    '"\\u0000"',
    '"\\ud800"',
    '"\\ud83d\\ude00"',
    '"\\udc00"',
    '"\ufdfa"',
    '"e\u0301\u0323"',
    '"\u202e"',
    '"\\u0041\\/\\b"',
    '"\\x"',
    '"\t"',
  ],
  ...['"text"', '"auto"', '"none"', '"function"', '"user"', '"assistant"', '"image_url"', '"web_search"', '"data:image/png;base64,AA=="'],
  ...['"https://example.com/x"', '"gpt-4o"', '"<|endoftext|>"', '"__proto__"', '"10"', '"-1"', '"1e999"'],
  `"${'x'.repeat(300)}"`,
  `"${'\\u00e9'.repeat(200)}"`,
  `1${'0'.repeat(1100)}`,
  `"${'a'.repeat(1025)}"`,
];
const KEYS = [
  '"type"',
  '"text"',
  '"content"',
  '"role"',
  '"model"',
  '"m\\u006fdel"',
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '""',
  '"a.b"',
];
const MORE_KEYS = [
  '"\\ud800"',
  '"\\u0000"',
  '"max_tokens"',
  '"stream"',
  '"n"',
  '"usage"',
  '"error"',
  '"cache_control"',
  '"0"',
  `"${'k'.repeat(80)}"`,
];
const ALL_KEYS = [...KEYS, ...MORE_KEYS, '"<script>"', '"\u202eevil"', '"messages"', '"tools"', '"é"'];
const DEPTHS = [2, 10, 62, 63, 64, 65, 200];

/** One change somewhere in the tree. @param donors trees to take pieces from. */
export function mutateTree(tree: Tree, random: Random, donors: readonly Tree[]): Tree {
  if (tree.kind === 'scalar' || random() < 0.08) return replaced(tree, random, donors);
  if (random() < 0.35) return tree.kind === 'array' ? mutateItems(tree.items, random, donors) : mutateMembers(tree.members, random, donors);
  return descend(tree, random, donors);
}

function descend(tree: Exclude<Tree, { kind: 'scalar' }>, random: Random, donors: readonly Tree[]): Tree {
  if (tree.kind === 'array') {
    const at = between(random, 0, tree.items.length - 1);
    const items = tree.items.map((item, i) => (i === at ? mutateTree(item, random, donors) : item));
    return { kind: 'array', items };
  }
  const at = between(random, 0, tree.members.length - 1);
  const members = tree.members.map(([key, value], i): Member => [key, i === at ? mutateTree(value, random, donors) : value]);
  return { kind: 'object', members };
}

function replaced(tree: Tree, random: Random, donors: readonly Tree[]): Tree {
  const kind = random();
  if (kind < 0.55) return scalar(pick(random, SCALARS));
  if (kind < 0.75) return pieceOf(pick(random, donors), random);
  if (kind < 0.85) return { kind: 'array', items: [tree] };
  if (kind < 0.95) return { kind: 'object', members: [[pick(random, ALL_KEYS), tree]] };
  const depth = pick(random, DEPTHS);
  return scalar('['.repeat(depth) + ']'.repeat(depth));
}

/** Some node of a tree, itself included. */
function pieceOf(tree: Tree, random: Random): Tree {
  if (tree.kind === 'scalar' || random() < 0.3) return tree;
  const inside = tree.kind === 'array' ? tree.items : tree.members.map(([, value]) => value);
  return inside.length === 0 ? tree : pieceOf(pick(random, inside), random);
}

function mutateItems(items: readonly Tree[], random: Random, donors: readonly Tree[]): Tree {
  const at = between(random, 0, items.length);
  const kind = random();
  const end = kind < 0.4 ? at + 1 : at;
  const middle = kind < 0.3 ? [] : kind < 0.6 && items[at] !== undefined ? [items[at], items[at]] : [replaced(scalar('0'), random, donors)];
  return { kind: 'array', items: [...items.slice(0, at), ...middle, ...items.slice(end)] };
}

function mutateMembers(members: readonly Member[], random: Random, donors: readonly Tree[]): Tree {
  const at = between(random, 0, Math.max(0, members.length - 1));
  const [key, value] = members[at] ?? ['"x"', scalar('1')];
  const without = members.filter((_, i) => i !== at);
  const kind = random();
  if (kind < 0.25) return { kind: 'object', members: without };
  if (kind < 0.4) return { kind: 'object', members: [...members, [spelt(key, random), value]] };
  if (kind < 0.55) return { kind: 'object', members: [[spelt(key, random), value], ...without] };
  const donor = pick(random, donors);
  const given = donor.kind === 'object' && donor.members.length > 0 ? pick(random, donor.members) : null;
  if (kind < 0.75 && given !== null) return { kind: 'object', members: [...members, given] };
  return { kind: 'object', members: [...members, [pick(random, ALL_KEYS), replaced(value, random, donors)]] };
}

/** The same key, its first letter perhaps written as an escape. */
function spelt(key: string, random: Random): string {
  const code = key.charCodeAt(1);
  if (key.length < 3 || code === 0x5c || random() < 0.5) return key;
  return `"\\u${code.toString(16).padStart(4, '0')}${key.slice(2)}`;
}
