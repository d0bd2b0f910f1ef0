import { createHmac, type KeyObject } from 'node:crypto';
import type { SqlRow } from '#ground/database';
import { free } from '../chain.ts';

export const EMPTY_SUM = '0'.repeat(64);
const MODULUS = 1n << 256n;

/**
 * A sum of MACs, one for each row: what a set of rows is known by, whatever their order, so that one row can be taken out for another. Without
 * the key nobody knows what a row adds, so nobody can make other rows that come to the same.
 */
export class KeyedSum {
  readonly #key: KeyObject;
  readonly #label: string;
  readonly #columns: readonly string[];
  #sum: bigint;

  /** @param label what the rows are; @param from a sum to go on from, 64 hex characters. */
  constructor(key: KeyObject, label: string, columns: readonly string[], from: string = EMPTY_SUM) {
    this.#key = key;
    this.#label = label;
    this.#columns = columns;
    this.#sum = BigInt(`0x${from}`);
  }

  add(row: SqlRow): void {
    this.#sum = (this.#sum + this.#mac(row)) % MODULUS;
  }

  take(row: SqlRow): void {
    this.#sum = (this.#sum + MODULUS - this.#mac(row)) % MODULUS;
  }

  get hex(): string {
    return this.#sum.toString(16).padStart(64, '0');
  }

  #mac(row: SqlRow): bigint {
    let text = `${this.#label}|`;
    for (const column of this.#columns) {
      const value = row[column];
      // It came later, as the last: where it is not set, a row adds what it did before.
      if (column === 'opens_at' && (value ?? null) === null) continue;
      text += typeof value === 'bigint' ? `${value}|` : free(value as string | null);
    }
    return BigInt(`0x${createHmac('sha256', this.#key).update(text).digest('hex')}`);
  }
}
