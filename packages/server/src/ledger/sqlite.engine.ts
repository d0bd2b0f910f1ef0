import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '#ground/clock';
import { openWriter, type SqlRow } from '#ground/sqlite';
import { type Engine, hash } from './conformance/engine.ts';
import { openSqliteLedger, type SqliteLedgerOptions } from './open.ts';

export type SqliteEngine = Engine & { readonly file: string; readonly options: SqliteLedgerOptions };

/** SQLite books in a folder of their own, for tests. */
export async function sqliteEngine(more: Partial<SqliteLedgerOptions> = {}): Promise<SqliteEngine> {
  const dir = mkdtempSync(join(tmpdir(), 'tally-ledger-'));
  const file = join(dir, 'ledger.db');
  const clock = manualClock();
  const ticketKey = Buffer.alloc(32, 1);
  const laneId = hash('a');
  const options: SqliteLedgerOptions = { file, bookId: 'book-1', laneId, ticketKey, chainKey: Buffer.alloc(32, 2), clock, ...more };
  return {
    file,
    options,
    clock,
    ticketKey,
    laneId,
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
