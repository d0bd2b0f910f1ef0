import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate, openWriter, type SqlRow } from '#ground/database';
import { created, holdRequest, openAccounts, SOURCE, settleRequest } from './conformance/engine.ts';
import { type SqliteEngine, sqliteEngine } from './sqlite.engine.ts';

const FOLDER = fileURLToPath(new URL('./sql/migrations/', import.meta.url));
const NAMES = readdirSync(FOLDER).sort();

let engine: SqliteEngine;
beforeEach(async () => {
  engine = await sqliteEngine();
});
afterEach(() => engine.dispose());

/** A file as an earlier version made it, which had these migrations. */
function fileOf(names: readonly string[]): void {
  const folder = join(dirname(engine.file), 'migrations');
  mkdirSync(folder);
  for (const name of names) copyFileSync(join(FOLDER, name), join(folder, name));
  const db = openWriter(engine.file);
  migrate(db, pathToFileURL(`${folder}/`), 0);
  db.close();
}

function schemaOf(file: string): readonly SqlRow[] {
  const db = openWriter(file);
  const rows = db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all() as SqlRow[];
  db.close();
  return rows;
}

describe('a file of an earlier version', () => {
  it.each(NAMES.slice(0, -1).map((name, at) => [name, at + 1] as const))(
    'that ends with %s is brought up to date',
    async (_name, count) => {
      fileOf(NAMES.slice(0, count));
      const { ledger } = await engine.open();
      await openAccounts(ledger);
      const request = holdRequest(10n);
      await created(ledger, request);
      await ledger.settle(settleRequest(request.holdId, 4n));
      await ledger.writeRecords([{ kind: 'test', id: 'a', rev: 0n, state: '', body: '{}' }]);
      expect((await ledger.account(SOURCE))?.spent).toBe(4n);
      expect(await ledger.verify()).toEqual([]);
      await ledger.close();
      const fresh = await sqliteEngine();
      await (await fresh.open()).ledger.close();
      expect(schemaOf(engine.file)).toEqual(schemaOf(fresh.file));
      await fresh.dispose();
    },
  );
});
