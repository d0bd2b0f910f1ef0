import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { manualClock } from '../../packages/server/src/ground/clock.ts';
import { type Engine, hash } from '../../packages/server/src/ledger/conformance/engine.ts';
import { openPostgresLedger, type PostgresLedgerOptions } from '../../packages/server/src/ledger/postgres/open.ts';
import { migratedDatabase } from '../support/postgres.ts';

export type PostgresEngine = Engine & { readonly url: string; readonly options: PostgresLedgerOptions };

const TICKET_KEY = Buffer.alloc(32, 1);

/** Books in a database of their own, for tests. */
export async function postgresEngine(): Promise<PostgresEngine> {
  const database = await migratedDatabase();
  const { url } = database;
  const folder = mkdtempSync(join(tmpdir(), 'tally-ledger-'));
  const clock = manualClock();
  const options: PostgresLedgerOptions = {
    url,
    bookId: 'book-1',
    hostId: 'host-1',
    laneIds: ['a', 'b', 'c', 'd', 'e'].map(hash),
    ticketKey: TICKET_KEY,
    chainKey: Buffer.alloc(32, 2),
    clock,
    archiveFolder: join(folder, 'archive'),
  };
  return {
    url,
    options,
    clock,
    ticketKey: TICKET_KEY,
    laneId: hash('a'),
    isShared: true,
    open: () => openPostgresLedger(options),
    tamper: (sql) => tamper(url, sql),
    dispose: async () => {
      rmSync(folder, { recursive: true, force: true });
      await database.drop();
    },
  };
}

/** As somebody with the database in his hands would: without the guards. */
async function tamper(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('SET session_replication_role = replica');
    // A trigger belongs to its table here.
    await client.query(sql.replace(/^DROP TRIGGER .*(holds)_\w+$/, '$& ON $1'));
  } finally {
    await client.end();
  }
}
