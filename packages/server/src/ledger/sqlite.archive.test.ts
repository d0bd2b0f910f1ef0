import { spawn } from 'node:child_process';
import { createSecretKey } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openReader, openWriter, type SqlRow } from '#ground/database';
import { verifyArchiveFile } from './archive/verify-file.ts';
import type { TestBooks } from './conformance/books.ts';
import { openAccounts } from './conformance/engine.ts';
import { Months } from './conformance/months.ts';
import { type SqliteEngine, sqliteEngine } from './sqlite.engine.ts';

const CHILD = fileURLToPath(new URL('./archive.child.ts', import.meta.url));
const CALLS = 600;

let engine: SqliteEngine;
const books = {} as TestBooks;

beforeEach(async () => {
  engine = await sqliteEngine();
  Object.assign(books, { engine }, await engine.open());
});

afterEach(async () => {
  await books.ledger.close();
  await engine.dispose();
});

async function killedAt(step: string): Promise<void> {
  await books.ledger.close();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, engine.file, step], { stdio: 'inherit' });
  const signal = await new Promise((resolve) => child.once('exit', (_code, by) => resolve(by)));
  expect([step, signal]).toEqual([step, 'SIGKILL']);
  Object.assign(books, await engine.open());
  expect(books.findings).toEqual([]);
}

function rowsOf(month: number): bigint {
  const db = openReader(engine.file);
  const { n } = db.prepare('SELECT count(*) AS n FROM receipts WHERE month = ?').get(month) as SqlRow;
  db.close();
  return n as bigint;
}

it('a file of before accounts had openings verifies as it did', async () => {
  const months = new Months(books);
  await openAccounts(books.ledger, 1_000n, 1_000n);
  await months.play(1, 2);
  months.go(4);
  await months.archive(202_701);
  const file = join(dirname(engine.file), 'archive', 'book-1-202701.db');
  const db = openWriter(file);
  db.exec('ALTER TABLE postings DROP COLUMN opens_at');
  const verdict = await verifyArchiveFile(db, createSecretKey(engine.options.chainKey));
  db.close();
  expect(verdict).toMatchObject({ findings: [], header: { month: 202_701 } });
});

it('a kill at any step leaves sound books and all receipts, and the next try goes on', async () => {
  const months = new Months(books);
  await openAccounts(books.ledger, 100_000n, 100_000n);
  await Promise.all(Array.from({ length: CALLS }, () => months.call()));
  await months.sign();
  await months.play(2);
  months.go(3);
  await books.ledger.setLimit('key-1', 90_000n, 'the ledger sees that it is March');
  const before = await months.picture();
  const steps = [
    ['writing', 0, BigInt(CALLS)],
    ['written', 0, BigInt(CALLS)],
    ['sealed', 1, BigInt(CALLS)],
    ['removing', 1, null],
    ['removed', 1, 0n],
  ] as const;
  for (const [step, archives, left] of steps) {
    await killedAt(step);
    expect(await months.picture()).toEqual(before);
    expect(await books.ledger.verify()).toEqual([]);
    expect(await books.ledger.archives.list()).toHaveLength(archives);
    if (left === null) expect(rowsOf(202_701)).toBeGreaterThan(0n);
    if (left === null) expect(rowsOf(202_701)).toBeLessThan(BigInt(CALLS));
    else expect([step, rowsOf(202_701)]).toEqual([step, left]);
  }
  // Removed, and nobody was told yet: that is all that is left to do.
  expect(await months.archive(202_701)).toMatchObject([{ receipts: CALLS }]);
  await months.sound();
  const folder = join(dirname(engine.file), 'archive');
  expect(readdirSync(folder)).toEqual(['book-1-202701.db']);
  expect(statSync(join(folder, 'book-1-202701.db')).mode & 0o077).toBe(0);
});
