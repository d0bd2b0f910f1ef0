import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { manualClock } from '#ground/clock';
import { openWriter, type SqlRow } from '#ground/database';
import { type Engine, hash } from './conformance/engine.ts';
import { openSqliteLedger, type SqliteLedgerOptions } from './open.ts';

export type SqliteEngine = Engine & { readonly file: string; readonly options: SqliteLedgerOptions };

const TICKET_KEY = Buffer.alloc(32, 1);
const LANE_ID = hash('a');

export function testOptions(file: string): SqliteLedgerOptions {
  return {
    file,
    archiveFolder: join(dirname(file), 'archive'),
    bookId: 'book-1',
    laneId: LANE_ID,
    ticketKey: TICKET_KEY,
    chainKey: Buffer.alloc(32, 2),
  };
}

/** SQLite books in a folder of their own, for tests. */
export async function sqliteEngine(): Promise<SqliteEngine> {
  const dir = mkdtempSync(join(tmpdir(), 'tally-ledger-'));
  const file = join(dir, 'ledger.db');
  const clock = manualClock();
  const options = { ...testOptions(file), clock };
  return {
    file,
    options,
    clock,
    ticketKey: TICKET_KEY,
    laneId: LANE_ID,
    isShared: false,
    open: () => openSqliteLedger(options),
    tamper: (sql) => tamper(file, sql),
    dispose: async () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** As somebody with the file in his hands would: drops the guards, edits, and puts the guards back. */
function tamper(file: string, sql: string): void {
  const db = openWriter(file);
  const triggers = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all() as SqlRow[];
  const dropped = sql.startsWith('DROP') ? [] : triggers;
  for (const { name } of dropped) db.exec(`DROP TRIGGER ${name}`);
  db.exec(sql);
  for (const { sql: trigger } of dropped) db.exec(trigger as string);
  db.close();
}
