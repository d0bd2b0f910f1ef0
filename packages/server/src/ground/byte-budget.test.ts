import { expect, it } from 'vitest';
import { ByteBudget } from './byte-budget.ts';

it('bounds what all take together, and gives back once', () => {
  const budget = new ByteBudget(10);
  const [one, two] = [budget.reserve(), budget.reserve()];
  one.take(6);
  two.take(4);
  expect(() => two.take(1)).toThrow(/request bytes/);
  one.release();
  one.release();
  expect(budget.taken).toBe(4);
  two.take(6);
  expect(() => one.take(1)).toThrow();
  two.release();
  expect(budget.taken).toBe(0);
});
