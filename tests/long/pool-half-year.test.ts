import { afterEach, describe, expect, it } from 'vitest';
import { endingOf, expectAllTrue } from '../support/half-year/checks.ts';
import { TENTH, WHOLE } from '../support/half-year/plan.ts';
import { reportOf } from '../support/half-year/report.ts';
import { HalfYear, type Playing } from '../support/half-year/year.ts';
import { describePostgres, freshDatabase } from '../support/postgres.ts';

let year: HalfYear | null = null;
afterEach(async () => {
  await year?.close();
  year = null;
});

async function played(playing: Playing, share: number): Promise<HalfYear> {
  year = await HalfYear.open(playing);
  await year.play();
  const ending = await endingOf(year);
  console.log(reportOf(year, ending, share));
  await expectAllTrue(year, ending);
  return year;
}

const byMonth = ({ months }: HalfYear) => months.map((month) => [month.total_keys_donated, month.total_tokens_donated]);

describe('half a year of the pool', () => {
  it('200 keys with 150,000,000 tokens, and 432 tasks: no key is charged beyond its cap', async () => {
    const whole = await played({ form: WHOLE, seed: 20_261_121, isLong: true }, 1);
    expect(byMonth(whole)).toEqual([
      [50, 25_000_000],
      [120, 75_000_000],
      [200, 150_000_000],
    ]);
    expect((await whole.status()).switches).toBeGreaterThanOrEqual(89);
    expect([whole.plan.tasks.length, whole.work.ids.size]).toEqual([432, 432]);
  });

  it.each([1, 2, 3])('a tenth of it, with every restart, by seed %i', async (seed) => {
    await played({ form: TENTH, seed, isLong: true }, 0.1);
  });
});

describePostgres('half a year of the pool whose books are on PostgreSQL', () => {
  it('a tenth of it, with every restart', async () => {
    const database = await freshDatabase();
    try {
      await played({ form: TENTH, seed: 4, isLong: true, env: { DATABASE_URL: database.url } }, 0.1);
      await year?.close();
      year = null;
    } finally {
      await database.drop();
    }
  });
});
