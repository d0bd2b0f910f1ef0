import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { created, holdRequest, newAccount, openAccounts, SOURCE, settleRequest } from './conformance/engine.ts';
import { gateAccount, type KeyRow, NOT_DONATED, openSqliteLedger, type SourceRow } from './index.ts';
import { type SqliteEngine, sqliteEngine } from './sqlite.engine.ts';

const OLD_SOURCE: SourceRow = {
  ...{ id: SOURCE, name: 'n', provider: 'sandbox', baseUrl: 'http://x/v1', mode: 1, settle: 'metered', countConsent: false },
  ...{ models: '{}', tariff: '[]', createdAt: 5, ...NOT_DONATED },
};
const OLD_KEY: KeyRow = {
  ...{ id: 'k', name: 'k', tenantId: 't', hash: 'h', hint: 'tk_a', creditAccountId: null, sources: null, createdAt: 6 },
  ...{ expiresAt: null, replayS: 60, use: 'calls' },
};

let engine: SqliteEngine;
beforeEach(async () => {
  engine = await sqliteEngine();
});
afterEach(() => engine.dispose());

/** Runs the hammer until it has settled some calls, kills it, and returns what it had been told. */
async function hammer(settledMin: number): Promise<{ held: Set<string>; settled: Map<string, bigint> }> {
  const script = fileURLToPath(new URL('./hammer.child.ts', import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, engine.file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const held = new Set<string>();
  const settled = new Map<string, bigint>();
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, id, tokens] = line.split(' ') as [string, string, string];
    if (what === 'held') held.add(id);
    else settled.set(id, BigInt(tokens));
    if (settled.size === settledMin) child.kill('SIGKILL');
  }
  if (child.signalCode === null && child.exitCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
  return { held, settled };
}

describe('kill -9', () => {
  it('what was acknowledged is there, what was open is burned, and all agrees', async () => {
    for (const settledMin of [150, 400]) {
      const { held, settled } = await hammer(settledMin);
      const { ledger, findings, burned } = await engine.open();
      expect(findings).toEqual([]);
      expect(burned).toBeLessThanOrEqual(24);
      const states = new Map<string, string | undefined>();
      for (const id of held) states.set(id, (await ledger.holdRow(id))?.state);
      expect([...states.values()].filter((state) => state !== 'settled' && state !== 'burned')).toEqual([]);
      expect([...settled.keys()].filter((id) => states.get(id) !== 'settled')).toEqual([]);
      const source = await ledger.account(SOURCE);
      expect(source).toMatchObject({ held: 0n, overrun: 0n, state: 'active' });
      expect((source?.spent ?? 0n) <= (source?.limit ?? 0n)).toBe(true);
      expect(await ledger.verify()).toEqual([]);
      await ledger.close();
    }
  });
});

describe('the disk', () => {
  it('full: nobody is told that anything was created, and the books are as before', async () => {
    const { ledger } = await openSqliteLedger({ ...engine.options, pagesMax: 60 });
    await openAccounts(ledger, 10n ** 9n, 10n ** 9n);
    const detail = { filler: 'x'.repeat(4_000) };
    let createdCount = 0n;
    let refusals: unknown[] = [];
    for (let round = 0; round < 20 && refusals.length === 0; round += 1) {
      const asked = await Promise.allSettled(Array.from({ length: 8 }, () => ledger.hold(holdRequest(1n, { detail }))));
      createdCount += BigInt(asked.filter((a) => a.status === 'fulfilled').length);
      refusals = asked.flatMap((a) => (a.status === 'rejected' ? [a.reason.code] : []));
    }
    expect(refusals).toEqual(Array(8).fill('LEDGER_UNAVAILABLE'));
    expect((await ledger.account(SOURCE))?.held).toBe(createdCount);
    expect(BigInt((await ledger.openHolds(1_000)).length)).toBe(createdCount);
    expect(await ledger.verify()).toEqual([]);
    await ledger.close();
    // With room again, the same books go on.
    const again = await engine.open();
    expect(again.findings).toEqual([]);
    expect(BigInt(again.burned)).toBe(createdCount);
    await created(again.ledger, holdRequest(1n));
    await again.ledger.close();
  });
});

describe('the file', () => {
  it('is copied whole by a backup, which opens by itself', async () => {
    const { ledger } = await engine.open();
    await openAccounts(ledger);
    const request = holdRequest(10n);
    await created(ledger, request);
    await ledger.settle(settleRequest(request.holdId, 4n));
    const copy = `${engine.file}.copy`;
    await ledger.backup(copy);
    await expect(ledger.backup(copy)).rejects.toMatchObject({ code: 'BACKUP_INVALID' });
    await expect(ledger.backup('/no/such/folder/copy')).rejects.toMatchObject({ code: 'BACKUP_INVALID' });
    await ledger.close();
    const opened = await openSqliteLedger({ ...engine.options, file: copy });
    expect(opened.findings).toEqual([]);
    expect((await opened.ledger.account(SOURCE))?.spent).toBe(4n);
    expect(await opened.ledger.verify()).toEqual([]);
    await opened.ledger.close();
  });

  it('of a later version, of another book, or with another chain key is not used', async () => {
    const first = await engine.open();
    await first.ledger.openAccount(newAccount(SOURCE, 5n));
    await first.ledger.close();
    await expect(openSqliteLedger({ ...engine.options, bookId: 'book-2' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const other = await openSqliteLedger({ ...engine.options, chainKey: Buffer.alloc(32, 9) });
    expect(other.findings).toHaveLength(1);
    await other.ledger.close();
    const db = new DatabaseSync(engine.file);
    db.exec("INSERT INTO migrations VALUES (9999, 'later', 0)");
    db.close();
    await expect(engine.open()).rejects.toMatchObject({ code: 'STATE_INVALID' });
  });

  it('of the version before there were gates is brought up to date, with all that is in it', async () => {
    const first = await engine.open();
    await openAccounts(first.ledger);
    await first.ledger.addSource({ ...OLD_SOURCE, id: 'source-2' }, [newAccount('source-2', 7n)]);
    await first.ledger.addKey({ ...OLD_KEY, id: 'key-2' }, [newAccount('key-2', 7n)]);
    const [done, open] = [holdRequest(10n), holdRequest(5n)];
    await created(first.ledger, done);
    await first.ledger.settle(settleRequest(done.holdId, 4n));
    await created(first.ledger, open);
    const before = await first.ledger.accounts();
    await first.ledger.close();
    const db = new DatabaseSync(engine.file);
    const added = {
      accounts: ['opens_at'],
      postings: ['opens_at'],
      sources: ['pool', 'group_ids', 'minutes_account_id'],
      keys: ['used_for'],
    };
    for (const [table, columns] of Object.entries(added))
      for (const column of columns) db.exec(`ALTER TABLE ${table} DROP COLUMN ${column}`);
    db.exec("DELETE FROM migrations WHERE name LIKE '%gates%'");
    db.close();
    const { ledger, findings, burned } = await engine.open();
    expect([findings, burned]).toEqual([[], 1]);
    expect((await ledger.accounts()).filter(({ id }) => id.endsWith('2'))).toEqual(before.filter(({ id }) => id.endsWith('2')));
    expect(await ledger.account(SOURCE)).toMatchObject({ spent: 9n, held: 0n, opensAt: null });
    expect(await ledger.sources()).toEqual([{ ...OLD_SOURCE, id: 'source-2' }]);
    expect(await ledger.keys()).toEqual([{ ...OLD_KEY, id: 'key-2' }]);
    await ledger.openAccount(gateAccount('pool', 1));
    await created(ledger, holdRequest(1n));
    expect(await ledger.verify()).toEqual([]);
    await ledger.close();
  });

  it('is free again when its process ends', async () => {
    const first = await engine.open();
    await expect(engine.open()).rejects.toMatchObject({ code: 'DATA_LOCKED' });
    await first.ledger.close();
    const second = await engine.open();
    await second.ledger.close();
  });

  it('that is no database is not opened', async () => {
    writeFileSync(engine.file, 'this is not a database, but long enough to look like one to somebody in a hurry'.repeat(20));
    await expect(engine.open()).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    rmSync(engine.file);
  });
});
