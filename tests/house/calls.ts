/** Clock, randomness, environment and console: found as value references in the syntax tree, not as text. */
import { child, isIdentifier, isNode, literalText, memberName, type Node, type Parsed, walk } from './ast.ts';

export type Use = { readonly name: string; readonly line: number };

const WATCHED = new Set(['Date', 'Math', 'process', 'performance', 'crypto', 'console', 'globalThis']);

/** Globals that a pure module has no business with, whether or not the compiler would know them. */
export const IMPURE_GLOBALS: ReadonlySet<string> = new Set(
  `Date Temporal process performance crypto globalThis global window self document navigator location localStorage sessionStorage indexedDB
  console fetch Request Response WebSocket EventSource XMLHttpRequest Worker SharedArrayBuffer Atomics Buffer require module __dirname
  __filename setTimeout setInterval setImmediate queueMicrotask requestAnimationFrame eval Function Deno Bun`.split(/\s+/),
);

const RANDOM_OF_NODE = /^(random|getRandomValues$|generateKey|generatePrime)/;
const CALL_WRAPPERS = /^TS(As|NonNull|Satisfies|Instantiation)Expression$|^TSTypeAssertion$/;

/**
 * Uses by name: `Date.now`, `new Date()`, `Math.random`, `performance.now`, `process.env`, `process.hrtime`, `crypto.randomBytes`,
 * `console.log` …, and `Math (as a value)` where a member is hidden (destructured, aliased, computed).
 */
export function effectsOf(file: Parsed): Use[] {
  const uses: Use[] = [];
  const own = declaredNames(file);
  const aliases = cryptoAliases(file);
  walk(file.program, (node, ancestors) => {
    for (const name of importedEffects(node)) uses.push({ name, line: file.lineOf(node.start) });
    const member = node.type === 'MemberExpression' ? (memberName(node) ?? '') : '';
    if (RANDOM_OF_NODE.test(member) && aliases.has(String(child(node, 'object')?.name))) {
      uses.push({ name: `crypto.${member}`, line: file.lineOf(node.start) });
    }
    if (!isReference(node, ancestors, own) || !WATCHED.has(node.name as string)) return;
    const name = useName(node, ancestors);
    if (name !== undefined) uses.push({ name, line: file.lineOf(node.start) });
  });
  return uses;
}

/** Impurities of a core file: effectful globals, `Math.random`, `import.meta`, random members of libraries. */
export function impuritiesOf(file: Parsed): Use[] {
  const uses: Use[] = [];
  const own = declaredNames(file);
  walk(file.program, (node, ancestors) => {
    const line = file.lineOf(node.start);
    if (node.type === 'MetaProperty' && isIdentifier(child(node, 'meta'), 'import')) uses.push({ name: 'import.meta', line });
    if (node.type === 'MemberExpression' && /^random/i.test(memberName(node) ?? '')) uses.push({ name: `.${memberName(node)}`, line });
    if (node.type === 'ImportSpecifier' && /^random/i.test(String(child(node, 'imported')?.name))) uses.push({ name: 'random', line });
    if (!isReference(node, ancestors, own)) return;
    const name = node.name as string;
    if (IMPURE_GLOBALS.has(name)) uses.push({ name, line });
    if (name === 'Math' && useName(node, ancestors)?.includes('as a value')) uses.push({ name: 'Math (as a value)', line });
    if (name === 'Intl' && memberOf(node, ancestors) === 'DateTimeFormat') uses.push({ name: 'Intl.DateTimeFormat', line });
  });
  return uses;
}

function useName(node: Node, ancestors: readonly Node[]): string | undefined {
  const name = node.name as string;
  const parent = ancestors.at(-1);
  const member = memberOf(node, ancestors);
  if (member !== undefined) return `${name}.${member}`;
  if (name === 'Date' && parent?.type === 'NewExpression' && child(parent, 'callee') === node) {
    return (parent.arguments as readonly Node[]).length === 0 ? 'new Date()' : undefined;
  }
  if (name === 'Date' && parent?.type === 'BinaryExpression' && parent.operator === 'instanceof') return undefined;
  if (name === 'Date' && parent?.type === 'CallExpression' && child(parent, 'callee') === node) return 'Date()';
  return `${name} (as a value)`;
}

/** `x.member` or `x['member']` read from this very identifier; undefined when it is anything else, so that hiding is seen. */
function memberOf(node: Node, ancestors: readonly Node[]): string | undefined {
  const parent = ancestors.at(-1);
  return parent?.type === 'MemberExpression' && child(parent, 'object') === node ? memberName(parent) : undefined;
}

function importedEffects(node: Node): string[] {
  if (node.type !== 'ImportDeclaration') return [];
  const from = literalText(child(node, 'source')) ?? '';
  const names = (node.specifiers as readonly Node[]).map((specifier) => String(child(specifier, 'imported')?.name ?? ''));
  if (from === 'node:crypto' || from.startsWith('@noble/')) {
    return names.filter((name) => RANDOM_OF_NODE.test(name) || name === 'webcrypto').map((name) => `crypto.${name}`);
  }
  if (from === 'node:process') return names.filter((name) => name === 'env' || name === 'hrtime').map((name) => `process.${name}`);
  return from === 'node:perf_hooks' ? names.filter((name) => name === 'performance').map((name) => `${name} (as a value)`) : [];
}

/** Is this identifier a use of a *global* value: no key, no type, no declaration, no name that the file itself declares. */
function isReference(node: Node, ancestors: readonly Node[], own: ReadonlySet<string>): boolean {
  const parent = ancestors.at(-1);
  if (node.type !== 'Identifier' || !parent || own.has(node.name as string)) return false;
  if (parent.type.startsWith('TS') && !CALL_WRAPPERS.test(parent.type)) return false;
  if (/^(Import|Export|Label|Break|Continue|Meta)/.test(parent.type)) return false;
  const isKey = (parent.type === 'MemberExpression' && child(parent, 'property') === node) || child(parent, 'key') === node;
  return !(isKey && parent.computed !== true);
}

/** What the file calls `node:crypto` as a whole, other than `crypto` itself. */
function cryptoAliases(file: Parsed): Set<string> {
  const names = new Set<string>();
  walk(file.program, (node, ancestors) => {
    if (!/^Import(Default|Namespace)Specifier$/.test(node.type) || literalText(child(ancestors.at(-1), 'source')) !== 'node:crypto') return;
    const local = String(child(node, 'local')?.name);
    if (local !== 'crypto') names.add(local);
  });
  return names;
}

/** Names bound anywhere in the file by a declaration, a parameter or a value import of something else than a Node built-in. */
function declaredNames(file: Parsed): Set<string> {
  const names = new Set<string>();
  walk(file.program, (node, ancestors) => {
    if (node.type === 'VariableDeclarator' || node.type === 'CatchClause')
      patternNames(child(node, node.type === 'CatchClause' ? 'param' : 'id'), names);
    if (/Function/.test(node.type)) for (const param of (node.params as readonly Node[] | undefined) ?? []) patternNames(param, names);
    if (/^(Function|Class)Declaration$/.test(node.type)) patternNames(child(node, 'id'), names);
    if (!/^Import(Default|Namespace)?Specifier$/.test(node.type)) return;
    const from = literalText(child(ancestors.at(-1), 'source')) ?? '';
    if (!from.startsWith('node:')) patternNames(child(node, 'local'), names);
  });
  return names;
}

function patternNames(pattern: Node | undefined, names: Set<string>): void {
  if (!pattern) return;
  if (pattern.type === 'Identifier') names.add(pattern.name as string);
  for (const key of ['left', 'argument', 'value', 'parameter']) patternNames(child(pattern, key), names);
  for (const key of ['properties', 'elements']) {
    const items = pattern[key];
    if (Array.isArray(items)) for (const item of items) if (isNode(item)) patternNames(item, names);
  }
}
