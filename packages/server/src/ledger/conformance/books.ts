import { afterEach, beforeEach } from 'vitest';
import type { Ledger } from '../types.ts';
import type { CreateEngine, Engine } from './engine.ts';

/** Fresh books for every test; `reopen` closes and opens them again. */
export type TestBooks = {
  engine: Engine;
  ledger: Ledger;
  findings: readonly string[];
  burned: number;
  reopen(between?: () => void | Promise<void>): Promise<void>;
};

export function useBooks(create: CreateEngine): TestBooks {
  const books = {
    async reopen(between?: () => void | Promise<void>) {
      await books.ledger.close();
      await between?.();
      Object.assign(books, await books.engine.open());
    },
  } as TestBooks;
  beforeEach(async () => {
    books.engine = await create();
    Object.assign(books, await books.engine.open());
  });
  afterEach(async () => {
    await books.ledger.close();
    await books.engine.dispose();
  });
  return books;
}
