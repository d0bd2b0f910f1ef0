import { afterAll, beforeAll, expect, it } from 'vitest';
import { addKey, addSource, call, eventually, receiptOf, settledSource, sourceView, wrongs } from '../support/calling.ts';
import type { TestDaemon } from '../support/daemon.ts';
import { type Hosts, startHosts } from '../support/hosts.ts';
import { describePostgres, type FreshDatabase, freshDatabase } from '../support/postgres.ts';
import { type OwnSandbox, sandboxProcess } from '../support/sandbox.ts';

const KEY = 'sk-of-a-dead-host';

describePostgres('a host that is killed under load and never comes back', () => {
  let database: FreshDatabase;
  let sandbox: OwnSandbox;
  let hosts: Hosts;

  beforeAll(async () => {
    [database, sandbox] = await Promise.all([freshDatabase(), sandboxProcess()]);
    hosts = await startHosts(database.url, 2, { TALLY_WORKERS: '2' });
  });
  afterAll(async () => {
    await hosts?.dispose();
    await sandbox?.close();
    await database?.drop();
  });

  it('is buried by the other: its holds are spent, its receipts are signed, the books agree', async () => {
    const [one, two] = hosts.all as [TestDaemon, TestDaemon];
    const id = await addSource(one, { base_url: `${sandbox.url}/v1`, api_key: KEY, cap: 1_000_000 });
    await two.admin(`/sources/${id}/attach`, { api_key: KEY });
    const { key } = await addKey(one, { sources: [id] });
    const receipts: string[] = [];
    let running = true;
    const load = Array.from({ length: 32 }, async (_, n) => {
      while (running) {
        const seen = await call((n % 2 === 0 ? one : two).url, key, { model: n % 4 < 2 ? 'sandbox-slow' : 'sandbox-small', stream: true });
        if (seen.receipt !== null) receipts.push(seen.receipt);
        if (seen.status === 0) return;
      }
    });
    await eventually('many calls were served', async () => receipts.length > 100);
    await two.stop('SIGKILL');
    const held = Number((await sourceView(one, id)).held);
    expect(held).toBeGreaterThan(0);
    running = false;
    await Promise.all(load);
    // Ten seconds without its lock, and one look every five: it may only have been cut off.
    await eventually('nothing is held any more', async () => (await sourceView(one, id)).held === '0', 40_000);
    const { spent } = await settledSource(one, id);
    expect((await sandbox.usage(KEY)).total_tokens).toBeLessThanOrEqual(Number(spent));
    for (const receipt of receipts) expect((await receiptOf(one.url, receipt)).receipt.charged).toBeGreaterThanOrEqual(0n);
    expect(await wrongs(one)).toEqual([]);
  });
});
