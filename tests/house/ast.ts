/** Parse TypeScript with oxc and walk it. The house rules look at syntax trees, so comments and strings cannot fool them. */
import { parseSync, visitorKeys } from 'oxc-parser';

export type Node = { readonly type: string; readonly start: number; readonly end: number; readonly [key: string]: unknown };
export type Comment = { readonly type: 'Line' | 'Block'; readonly value: string; readonly start: number; readonly end: number };
export type Parsed = {
  readonly path: string;
  readonly text: string;
  readonly program: Node;
  readonly comments: readonly Comment[];
  readonly errors: readonly string[];
  lineOf(offset: number): number;
};

const cache = new Map<string, Parsed>();

export function parse(path: string, text: string): Parsed {
  const key = `${path}\0${text}`;
  const known = cache.get(key);
  if (known) return known;
  const result = parseSync(path, text, { astType: 'ts', preserveParens: false });
  const starts = lineStarts(text);
  const parsed: Parsed = {
    path,
    text,
    program: result.program as unknown as Node,
    comments: result.comments as readonly Comment[],
    errors: result.errors.map((error) => error.message),
    lineOf: (offset) => starts.findLastIndex((start) => start <= offset) + 1,
  };
  cache.set(key, parsed);
  return parsed;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Calls `visit` on every node, parents first, with the chain of ancestors (nearest last). */
export function walk(root: Node, visit: (node: Node, ancestors: readonly Node[]) => void): void {
  const ancestors: Node[] = [];
  function step(node: Node): void {
    visit(node, ancestors);
    ancestors.push(node);
    for (const child of childrenOf(node)) step(child);
    ancestors.pop();
  }
  step(root);
}

function childrenOf(node: Node): Node[] {
  const found: Node[] = [];
  for (const key of visitorKeys[node.type] ?? []) {
    const value = node[key];
    for (const item of Array.isArray(value) ? value : [value]) if (isNode(item)) found.push(item);
  }
  return found;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** The child under `key`, if it is a node. */
export function child(node: Node | undefined, key: string): Node | undefined {
  const value = node?.[key];
  return isNode(value) ? value : undefined;
}

export function isIdentifier(node: Node | undefined, name?: string): boolean {
  return node?.type === 'Identifier' && (name === undefined || node.name === name);
}

/** The text of a string literal, or of a template without holes; undefined for anything that is only known at run time. */
export function literalText(node: Node | undefined): string | undefined {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  const quasis = node?.type === 'TemplateLiteral' ? (node.quasis as readonly Node[]) : [];
  if (quasis.length !== 1) return undefined;
  return (quasis[0]?.value as { cooked?: string } | undefined)?.cooked;
}

/** The name that a member expression reads: `a.b` and `a['b']` give `b`; undefined when it is computed. */
export function memberName(node: Node): string | undefined {
  const property = child(node, 'property');
  return node.computed === true ? literalText(property) : (property?.name as string | undefined);
}
