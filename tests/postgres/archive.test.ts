import { Client } from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { manualClock } from '../../packages/server/src/ground/clock.ts';
import type { TestBooks } from '../../packages/server/src/ledger/conformance/books.ts';
import { created, holdRequest, openAccounts, SOURCE, settleRequest } from '../../packages/server/src/ledger/conformance/engine.ts';
import { Months } from '../../packages/server/src/ledger/conformance/months.ts';
import { openPostgresLedger } from '../../packages/server/src/ledger/postgres/open.ts';
import { describePostgres } from '../support/postgres.ts';
import { type PostgresEngine, postgresEngine } from './engine.ts';

const CALLERS = 4;

describePostgres('archiving on shared books', () => {
  let engine: PostgresEngine;
  let client: Client;
  const books = {} as TestBooks;

  beforeEach(async () => {
    engine = await postgresEngine();
    Object.assign(books, { engine }, await engine.open());
    client = new Client({ connectionString: engine.url });
    await client.connect();
  });
  afterEach(async () => {
    await client.end();
    await books.ledger.close();
    await engine.dispose();
  });

  it('months are dropped while two hosts with different clocks go on calling', async () => {
    const months = new Months(books);
    const ahead = manualClock(engine.clock.wallMs() + 40 * 86_400_000);
    await openAccounts(books.ledger, 1_000_000n, 1_000_000n);
    await months.play(1);
    const { ledger: other } = await openPostgresLedger({ ...engine.options, hostId: 'host-2', clock: ahead });
    try {
      const one = holdRequest(5n);
      await created(other, one);
      await other.settle(settleRequest(one.holdId, 4n));
      // This host's clock still says January: its postings follow those of the other all the same.
      await months.call('metered', 2n);
      const { rows } = await client.query('SELECT month FROM postings WHERE account_id = $1 ORDER BY seq', [SOURCE]);
      const posted = rows.map(({ month }) => Number(month));
      expect([posted.slice(-2), posted]).toEqual([[202_702, 202_702], posted.toSorted((a, b) => a - b)]);
      for (const lane of await books.ledger.lanes()) expect(lane.nextSeq).toBeGreaterThan(1n);

      months.go(4);
      ahead.setWall(Date.UTC(2027, 3, 25));
      let running = true;
      const calling = [books.ledger, other].flatMap((ledger) =>
        Array.from({ length: CALLERS }, async () => {
          let calls = 0;
          for (; running; calls += 1) {
            const hold = holdRequest(2n);
            await created(ledger, hold);
            await ledger.settle(settleRequest(hold.holdId, 1n));
          }
          return calls;
        }),
      );
      await months.archive(202_701);
      running = false;
      const calls = await Promise.all(calling);
      expect(calls.every((count) => count > 0)).toBe(true);
      await months.sound();
    } finally {
      await other.close();
    }
    const partitions = await client.query("SELECT relname FROM pg_class WHERE relname ~ '_202701$' AND relkind = 'r' ORDER BY relname");
    expect(partitions.rows).toEqual([{ relname: 'postings_kept_202701' }]);
    const insert = 'INSERT INTO postings SELECT * FROM postings WHERE month = 202701 LIMIT 1';
    await expect(client.query(insert)).rejects.toMatchObject({ code: 'TA004' });
  });

  it('what a try that was cut short left behind is not in the way', async () => {
    const months = new Months(books);
    await openAccounts(books.ledger, 1_000n);
    await months.play(1);
    months.go(3);
    const { archives } = books.ledger;
    await archives.seal({ before: 999_912, keepMonths: 1 });
    await client.query('CREATE TABLE postings_kept_202701 (LIKE postings INCLUDING ALL)');
    // Somebody reads all books: the partitions are dropped after that.
    await client.query('BEGIN');
    await client.query('SELECT count(*) FROM receipts');
    const removing = archives.remove(202_701);
    await months.call();
    await client.query('COMMIT');
    await removing;
    expect(await archives.list()).toMatchObject([{ state: 'removed' }]);
    await months.sound();
  });
});
