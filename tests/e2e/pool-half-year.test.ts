import { afterEach, expect, it } from 'vitest';
import { endingOf, expectAllTrue } from '../support/half-year/checks.ts';
import { TENTH } from '../support/half-year/plan.ts';
import { reportOf } from '../support/half-year/report.ts';
import { HalfYear } from '../support/half-year/year.ts';

let year: HalfYear | null = null;
afterEach(async () => {
  await year?.close();
  year = null;
});

it('half a year of a small pool: every key stays within its cap, and every task is done', async () => {
  const seed = 20_261_121;
  year = await HalfYear.open({ form: TENTH, seed, isLong: false });
  await year.play();
  const ending = await endingOf(year);
  console.log(reportOf(year, ending, 0.1));
  await expectAllTrue(year, ending);
  expect(year.months.map(({ total_keys_donated: keys, total_tokens_donated: tokens }) => [keys, tokens])).toEqual([
    [5, 2_500_000],
    [12, 7_500_000],
    [20, 15_000_000],
  ]);
  expect(ending.tasks).toHaveLength(43);
});
