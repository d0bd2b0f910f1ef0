import { TallyError } from '../errors.ts';
import type { Hex } from '../receipt/types.ts';
import { type ChainBooks, type ChainEvent, MISMATCHES_KEPT_MAX } from './types.ts';

/** One event as it is entered into the books: its arguments by type, and what is checked on the way. */
export class Entry {
  readonly event: ChainEvent;
  readonly books: ChainBooks;

  constructor(books: ChainBooks, event: ChainEvent) {
    this.books = books;
    this.event = event;
  }

  hex(name: string): Hex {
    const value = this.event.args[name];
    if (typeof value !== 'string') throw this.#missing(name);
    return value as Hex;
  }

  big(name: string): bigint {
    const value = this.event.args[name];
    if (typeof value !== 'bigint') throw this.#missing(name);
    return value;
  }

  flag(name: string): boolean {
    const value = this.event.args[name];
    if (typeof value !== 'boolean') throw this.#missing(name);
    return value;
  }

  hexes(name: string): readonly Hex[] {
    const value = this.event.args[name];
    if (!Array.isArray(value)) throw this.#missing(name);
    return value as Hex[];
  }

  /** The books follow the event, whatever they held; where the two differ, that is told. */
  same(what: string, expected: bigint | string | boolean, found: bigint | string | boolean): void {
    if (expected !== found) this.wrong(what, String(expected), String(found));
  }

  wrong(what: string, expected: string, found: string): void {
    const { contract, name, block, index } = this.event;
    this.books.mismatchCount += 1n;
    if (this.books.mismatches.length < MISMATCHES_KEPT_MAX) {
      this.books.mismatches.push({ contract, name, block, index, what, expected, found });
    }
  }

  /** @returns the row; a missing one is told, and null. */
  row<K, V>(table: ReadonlyMap<K, V>, key: K, what: string): V | null {
    const found = table.get(key);
    if (found === undefined) this.wrong(what, 'known', String(key));
    return found ?? null;
  }

  #missing(name: string): TallyError {
    const { contract, name: event } = this.event;
    return new TallyError('CHAIN_BOOKS_WRONG', `${contract}.${event} has no argument ${name} of the expected type.`, { contract, event });
  }
}

export type Handlers = Readonly<Record<string, (entry: Entry) => void>>;

/** Adds to a number of a table, where nothing counts as 0. @returns the sum. */
export function add<K>(table: Map<K, bigint>, key: K, amount: bigint): bigint {
  const sum = (table.get(key) ?? 0n) + amount;
  table.set(key, sum);
  return sum;
}

/** @returns the row of `key`, made where there is none. */
export function rowOf<K, V>(table: Map<K, V>, key: K, make: () => V): V {
  const found = table.get(key);
  if (found !== undefined) return found;
  const made = make();
  table.set(key, made);
  return made;
}
