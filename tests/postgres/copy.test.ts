import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  created,
  hash,
  holdRequest,
  KEY,
  newAccount,
  openAccounts,
  SOURCE,
  settleRequest,
} from '../../packages/server/src/ledger/conformance/engine.ts';
import { openSqliteLedger } from '../../packages/server/src/ledger/open.ts';
import { importFile } from '../../packages/server/src/ledger/postgres/import.ts';
import { openPostgresLedger } from '../../packages/server/src/ledger/postgres/open.ts';
import type { Ledger } from '../../packages/server/src/ledger/types.ts';
import { describePostgres, freshDatabase } from '../support/postgres.ts';
import { type PostgresEngine, postgresEngine } from './engine.ts';

/** Every table that a copy carries, in an order of its rows. */
const TABLES: Readonly<Record<string, string>> = {
  epochs: 'epoch_id',
  lanes: 'lane_no',
  accounts: 'account_id',
  postings: 'account_id, seq',
  holds: 'hold_no',
  hold_lines: 'hold_no, account_id',
  receipts: 'lane_no, seq',
  receipt_groups: 'lane_no, seq_to',
  outbox: 'seq',
  evidence: 'at, subject',
  idempotency: 'idempotency_key',
  sources: 'source_id',
  keys: 'key_id',
  replays: 'receipt_id',
  reconciliations: 'source_id, posting_seq',
  reservations: 'reservation_id',
  reservation_lines: 'reservation_id, account_id',
  reservation_holds: 'hold_no',
  records: 'kind, record_id',
};

describePostgres('books that move', () => {
  let engine: PostgresEngine;
  let dir: string;

  beforeAll(async () => {
    engine = await postgresEngine();
    dir = mkdtempSync(join(tmpdir(), 'tally-copy-'));
  });
  afterAll(async () => {
    await engine?.dispose();
    rmSync(dir, { recursive: true, force: true });
  });

  it('from PostgreSQL into a file and back are the same to the last row, and go on from there', async () => {
    const { ledger } = await engine.open();
    const open = await someOfEverything(ledger);
    const file = join(dir, 'books.db');
    await ledger.backup(file);
    expect(rowsOfFile(file)).toEqual(await rowsOfDatabase(engine.url));
    await ledger.close();

    const fresh = await freshDatabase();
    const { bookId, laneIds, chainKey, ticketKey, clock } = engine.options;
    const options = { url: fresh.url, bookId, laneIds, chainKey, now: clock?.wallMs() ?? 0 };
    // The import may change the file: it is given a copy.
    copyFileSync(file, join(dir, 'copy.db'));
    await importFile({ ...options, file: join(dir, 'copy.db') });
    const { epochs, ...imported } = await rowsOfDatabase(fresh.url);
    const { epochs: before, ...rest } = rowsOfFile(file);
    expect(imported).toEqual(rest);
    // Whoever wrote them is no more.
    expect(epochs).toEqual(before?.map((row) => row.replace('"ended_at",null', `"ended_at","${clock?.wallMs()}"`)));
    await expect(importFile({ ...options, file })).rejects.toMatchObject({ code: 'BACKUP_INVALID' });

    const moved = await openPostgresLedger({ ...engine.options, url: fresh.url, hostId: 'another' });
    expect(moved.findings).toEqual([]);
    expect(moved.burned).toBe(open.length);
    const { seq } = (await moved.ledger.outbox(0n, 10_000)).at(-1) ?? { seq: 0n };
    const next = holdRequest(1n);
    await created(moved.ledger, next);
    await moved.ledger.settle(settleRequest(next.holdId, 1n));
    // Events are shown when every transaction on the server that began before them has ended: others' tests have some.
    await expect.poll(async () => (await moved.ledger.outbox(seq, 100)).map(({ topic }) => topic)).toContain('receipt.settled');
    expect(await moved.ledger.generation()).toBe(0);
    expect(await moved.ledger.verify()).toEqual([]);
    await moved.ledger.close();
    await fresh.drop();

    const onFile = await openSqliteLedger({ file, bookId, laneId: laneIds[0] ?? hash('a'), ticketKey, chainKey });
    expect(onFile.findings).toEqual([]);
    expect(onFile.burned).toBe(open.length);
    expect(await onFile.ledger.verify()).toEqual([]);
    await created(onFile.ledger, holdRequest(1n));
    await onFile.ledger.close();
  });

  it('in a server that counts its transactions anew are followed all the same', async () => {
    const own = await postgresEngine();
    const { ledger } = await own.open();
    await openAccounts(ledger);
    await ledger.setLimit(SOURCE, 60n, 'before');
    await ledger.close();
    // What a dump brings into a young server.
    await own.tamper('UPDATE outbox SET seq = seq + (1::bigint << 50)');
    const again = await own.open();
    const end = await again.ledger.changesEnd();
    expect(end).toBeGreaterThan(1n << 50n);
    await again.ledger.setLimit(SOURCE, 50n, 'after');
    const seen = async () => (await again.ledger.changes(end, 10)).map(({ body }) => JSON.parse(body).ref);
    await expect.poll(seen).toEqual(['after']);
    await again.ledger.close();
    await own.dispose();
  });

  it('are refused under the lanes of another gateway, and leave the database empty', async () => {
    const fresh = await freshDatabase();
    const { bookId, chainKey } = engine.options;
    const file = join(dir, 'other.db');
    const { ledger } = await openSqliteLedger({ file, bookId, laneId: hash('f'), ticketKey: Buffer.alloc(32, 1), chainKey });
    await ledger.openAccount(newAccount(SOURCE, 1n));
    await ledger.close();
    const options = { url: fresh.url, bookId, laneIds: [hash('a')], chainKey, now: 0 };
    await expect(importFile({ ...options, file })).rejects.toMatchObject({ code: 'BACKUP_INVALID' });
    await importFile({ ...options, laneIds: [hash('a'), hash('f')], file });
    expect((await rowsOfDatabase(fresh.url))['accounts']).toHaveLength(1);
    await fresh.drop();
  });
});

/** @returns what is still open. */
async function someOfEverything(ledger: Ledger): Promise<readonly string[]> {
  await openAccounts(ledger, 4_611_686_018_427_387_904n, 1_000_000n);
  await ledger.addSource(
    {
      ...{ id: 'source-2', name: 'q"uo\\te', provider: 'openai', baseUrl: 'https://x/v1', mode: 0, settle: 'hold' },
      ...{ pool: true, groups: ['pool', 'pool/openai'], minutesAccountId: 'minutes-2' },
      ...{ countConsent: true, models: '{"m":{}}', tariff: '[]', createdAt: 5 },
    },
    [newAccount('source-2', 500n, { expiresAt: 4_000_000_000_000 })],
  );
  const key = { id: 'key-2', name: 'ключ', tenantId: 'tenant-1', hash: 'ab'.repeat(32), hint: 'tk_…', creditAccountId: null };
  await ledger.addKey({ ...key, sources: ['source-2'], createdAt: 6, expiresAt: null, replayS: 60, use: 'pool' }, [
    newAccount('key-2', 50n),
  ]);
  const outcomes = ['metered', 'burned', 'released', 'bound'] as const;
  const settled = outcomes.map((outcome) => ({ outcome, request: holdRequest(10n) }));
  for (const { outcome, request } of settled) {
    await created(ledger, { ...request, idempotency: { route: 'chat', key: request.nonce, bodyMac: 'm' } });
    await ledger.settle(settleRequest(request.holdId, 7n, { outcome }));
  }
  const { receiptId } = settled[0]?.request ?? holdRequest(1n);
  await ledger.keepReplay({ receiptId, expiresAt: 9_000_000_000_000, sealed: Uint8Array.from({ length: 300 }, (_, at) => at % 256) });
  await ledger.settle(settleRequest(settled[1]?.request.holdId ?? '', 3n));
  await ledger.setLimit('source-2', 400n, 'less');
  await ledger.setState(SOURCE, 'frozen', 'to be looked at');
  await ledger.setState(SOURCE, 'active', 'looked at', 100n);
  await ledger.setState('key-2', 'revoked', 'no more');
  await ledger.setStop(true, 'for a while');
  await ledger.setStop(false, 'over');
  const [root, signature, signer] = [hash('7'), `0x${'8'.repeat(130)}`, `0x${'9'.repeat(40)}`] as const;
  await ledger.addReceiptGroup({ laneId: ledger.laneId, seqFrom: 1n, seqTo: 2n, root, total: 2n ** 80n, signature, signer, signedAt: 7 });
  const [lines, more] = [[{ accountId: SOURCE, amount: 40n }], { tenantId: 'tenant-1', keyId: KEY }];
  await ledger.reserve({ reservationId: 'reservation-1', lines, ...more });
  await ledger.reserve({ reservationId: 'reservation-2', lines, ...more });
  await ledger.endReservation('reservation-2');
  const record = { kind: 'pool.test', rev: 0n, state: 'new', body: '{"q\\"uo\\\\te":"\u{1f600}"}' };
  await ledger.writeRecords([
    { ...record, id: 'a/1' },
    { ...record, id: 'b', body: JSON.stringify('x'.repeat(100_000)) },
  ]);
  await ledger.writeRecords([{ ...record, id: 'a/1', rev: 1n, state: 'later' }]);
  const open = [holdRequest(20n), holdRequest(30n, { guarded: true, proof: 'count', within: 'reservation-1' })];
  for (const request of open) await created(ledger, request);
  expect(await ledger.verify()).toEqual([]);
  expect((await ledger.account(KEY))?.held).toBe(50n);
  return open.map(({ holdId }) => holdId);
}

type Rows = Readonly<Record<string, readonly string[]>>;

function rowsOfFile(file: string): Rows {
  const db = new DatabaseSync(file, { readBigInts: true, readOnly: true });
  const rows = (table: string, order: string) => db.prepare(`SELECT * FROM ${table} ORDER BY ${order}`).all();
  const all = Object.entries(TABLES).map(([table, order]) => [table, rows(table, order).map(text)] as const);
  db.close();
  return Object.fromEntries(all);
}

async function rowsOfDatabase(url: string): Promise<Rows> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const all: [string, string[]][] = [];
  for (const [table, order] of Object.entries(TABLES)) {
    const { rows } = await client.query<Record<string, unknown>>(`SELECT * FROM ${table} ORDER BY ${order}`);
    all.push([table, rows.map(text)]);
  }
  await client.end();
  return Object.fromEntries(all);
}

/** What only this engine has, and the numbers that a table gives its own rows, which may differ. */
const LEFT_OUT = new Set(['lane_index', 'batches', 'guarded', 'seal', 'server', 'host_id', 'evidence_no', 'replay_no']);

function text(row: Record<string, unknown>): string {
  const plain = (value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value === null ? null : String(value);
  return JSON.stringify(
    Object.entries(row)
      .filter(([name]) => !LEFT_OUT.has(name))
      .map(([name, value]) => [name, plain(value)] as const)
      .sort(),
  );
}
