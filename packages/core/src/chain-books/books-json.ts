import { TallyError } from '../errors.ts';
import { emptyChainBooks } from './empty.ts';
import type { BooksContext, ChainBooks } from './types.ts';

/** Version of the form below, and of what the handlers make of events: another one has the books rebuilt. */
export const CHAIN_BOOKS_VERSION = 2;

type Tagged = { readonly $n: string } | { readonly $map: readonly (readonly [unknown, unknown])[] } | { readonly $set: readonly unknown[] };

/** @returns a value of plain JSON. */
export function packChainBooks(books: ChainBooks): unknown {
  return pack(books);
}

/** @throws TallyError CHAIN_BOOKS_WRONG */
export function unpackChainBooks(packed: unknown, context: BooksContext): ChainBooks {
  const books = unpack(packed) as ChainBooks;
  const whole = emptyChainBooks(context);
  const isSame = typeof books === 'object' && books !== null && Object.keys(whole).every((key) => key in books);
  if (!isSame || JSON.stringify(books.context) !== JSON.stringify(context)) {
    throw new TallyError('CHAIN_BOOKS_WRONG', 'The stored books are of another form or of other contracts.');
  }
  return books;
}

/** @returns a copy that shares nothing with the original. */
export function copyChainBooks(books: ChainBooks): ChainBooks {
  return structured(books) as ChainBooks;
}

function structured(value: unknown): unknown {
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [key, structured(each)]));
  if (value instanceof Set) return new Set(value);
  if (Array.isArray(value)) return value.map(structured);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, structured(each)]));
}

function pack(value: unknown): unknown {
  if (typeof value === 'bigint') return { $n: value.toString() } satisfies Tagged;
  if (value instanceof Map) return { $map: [...value].map(([key, each]) => [pack(key), pack(each)] as const) } satisfies Tagged;
  if (value instanceof Set) return { $set: [...value].map(pack) } satisfies Tagged;
  if (Array.isArray(value)) return value.map(pack);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, pack(each)]));
}

function unpack(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpack);
  if (typeof value !== 'object' || value === null) return value;
  if ('$n' in value) return BigInt(value.$n as string);
  if ('$map' in value) return new Map((value.$map as [unknown, unknown][]).map(([key, each]) => [unpack(key), unpack(each)]));
  if ('$set' in value) return new Set((value.$set as unknown[]).map(unpack));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unpack(each)]));
}
