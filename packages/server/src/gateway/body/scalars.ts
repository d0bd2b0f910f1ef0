import type { Lexer } from './lexer.ts';
import { fieldInvalid, fieldNotAllowed, type Path } from './path.ts';
import type { AnyNode, EnumNode, Node, StringNode } from './schema.ts';

/** Captured strings are names and ids: where the schema sets no limit, this one holds. */
const CAPTURED_BYTES_MAX = 1024;

export function checkBoolean(node: Node, value: boolean, path: Path): boolean {
  if (node.kind === 'boolean' && node.only !== undefined && node.only !== value) {
    throw fieldNotAllowed(path, node.reason ?? `only ${node.only} is`);
  }
  return value;
}

/** @param isInteger whether it is written as plain digits. */
export function checkNumber(node: Node, value: number, isInteger: boolean, path: Path): number {
  if (node.kind !== 'integer' && node.kind !== 'number') return value;
  if (node.kind === 'integer' && !(isInteger && Number.isSafeInteger(value))) {
    throw fieldInvalid(path, 'must be a whole number in plain digits, below 2^53');
  }
  if (node.min !== undefined && value < node.min) throw fieldInvalid(path, `must be at least ${node.min}`);
  if (node.max !== undefined && value > node.max) throw fieldInvalid(path, `must be at most ${node.max}`);
  return value + 0; // −0 becomes 0
}

/** The lexer has just read the string that begins at `start`. @returns its text where it is captured. */
export function checkString(node: StringNode | AnyNode, lexer: Lexer, start: number, path: Path): string | undefined {
  const bytes = lexer.pos - start - 2;
  const given = node.kind === 'string' ? node.bytesMax : undefined;
  const bytesMax = given ?? (node.capture === undefined ? bytes : CAPTURED_BYTES_MAX);
  if (bytes > bytesMax) throw fieldInvalid(path, `must have at most ${bytesMax} bytes`);
  if (node.kind === 'string' && node.prefix !== undefined && !lexer.startsWith(start + 1, node.prefix)) {
    throw fieldNotAllowed(path, node.reason ?? `it must begin with ${node.prefix}`);
  }
  return node.capture === undefined ? undefined : wellFormed(lexer, start, path);
}

export function checkEnum(node: EnumNode, lexer: Lexer, start: number, path: Path): string {
  const bytes = lexer.pos - start - 2;
  const text = bytes > CAPTURED_BYTES_MAX ? null : wellFormed(lexer, start, path);
  if (text !== null && node.values.includes(text)) return text;
  if (node.reason !== undefined) throw fieldNotAllowed(path, node.reason);
  throw fieldInvalid(path, `must be one of ${node.values.map((value) => `"${value}"`).join(', ')}`);
}

function wellFormed(lexer: Lexer, start: number, path: Path): string {
  if (lexer.loneSurrogate) throw fieldInvalid(path, 'holds half of a surrogate pair');
  return lexer.textOf(start, lexer.pos, lexer.escaped);
}
