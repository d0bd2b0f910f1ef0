import { Client } from 'pg';
import { expect, it } from 'vitest';
import { hash, newAccount, SOURCE } from '../../packages/server/src/ledger/conformance/engine.ts';
import { booksIn } from '../../packages/server/src/ledger/postgres/find-books.ts';
import { openPostgresLedger } from '../../packages/server/src/ledger/postgres/open.ts';
import { describePostgres, freshDatabase } from '../support/postgres.ts';
import { postgresEngine } from './engine.ts';

describePostgres('books of another gateway', () => {
  it('are refused before anything in them is touched', async () => {
    const engine = await postgresEngine();
    const { ledger } = await engine.open();
    await ledger.openAccount(newAccount(SOURCE, 100n));
    const before = await everything(engine.url);
    await expect(openPostgresLedger({ ...engine.options, hostId: 'host-2', chainKey: Buffer.alloc(32, 9) })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('tally host join'),
    });
    expect(await everything(engine.url)).toEqual(before);
    expect(await ledger.account(SOURCE)).toMatchObject({ state: 'active' });
    await ledger.close();
    await engine.dispose();
  });

  it('of two gateways that begin at once one gets the database', async () => {
    const database = await freshDatabase();
    const options = { url: database.url, bookId: 'book-1', laneIds: [hash('a'), hash('b')], ticketKey: Buffer.alloc(32, 1) };
    const both = await Promise.allSettled(
      [5, 6].map((key) => openPostgresLedger({ ...options, hostId: `host-${key}`, chainKey: Buffer.alloc(32, key) })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    for (const one of both) {
      if (one.status === 'fulfilled') await one.value.ledger.close();
      else expect(one.reason).toMatchObject({ code: 'CONFIG_INVALID' });
    }
    await database.drop();
  });

  it('a database of another program is left alone', async () => {
    const database = await freshDatabase();
    await query(database.url, 'CREATE TABLE books (title text)');
    await expect(booksIn(database.url, 'book-1')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('another program'),
    });
    await database.drop();
  });

  it('an empty database has none', async () => {
    const database = await freshDatabase();
    expect(await booksIn(database.url, 'book-1')).toBeNull();
    await database.drop();
  });
});

/** How much of everything there is, and how often the accounts were written. */
async function everything(url: string): Promise<unknown> {
  const tables = ['books', 'epochs', 'lanes', 'postings', 'outbox', 'evidence', 'migrations'];
  const counts = tables.map((name) => `(SELECT count(*) FROM ${name}) AS ${name}`);
  return query(url, `SELECT ${counts.join(', ')}, (SELECT json_agg(a)::text FROM accounts a) AS accounts`);
}

async function query(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
