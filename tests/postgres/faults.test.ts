import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectPostgres } from '../../packages/server/src/ground/postgres.ts';
import { isDown } from '../../packages/server/src/ground/postgres-errors.ts';
import { tryAdvisoryLock, unlockAdvisory } from '../../packages/server/src/ground/postgres-lock.ts';
import { checkSafety } from '../../packages/server/src/ground/postgres-safety.ts';
import type { PgSession } from '../../packages/server/src/ground/postgres-session.ts';
import { describePostgres } from '../support/postgres.ts';
import { type Cluster, startCluster } from '../support/postgres-cluster.ts';
import { isRunning } from '../support/processes.ts';
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts';

const OPTIONS = { applicationName: 'tests', connectTimeoutMs: 2_000, statementTimeoutMs: 2_000 };
const CLUSTER = fileURLToPath(new URL('../support/postgres-cluster.ts', import.meta.url));

describePostgres('PostgreSQL in trouble', () => {
  let cluster: Cluster;
  let proxy: TcpProxy;
  let id = 0n;
  const direct = () => connectPostgres(cluster.url(), OPTIONS);
  const proxied = (more: { answerTimeoutMs?: number } = {}) => {
    return connectPostgres(cluster.url().replace(`:${cluster.port}/`, `:${proxy.port}/`), { ...OPTIONS, ...more });
  };

  beforeAll(async () => {
    cluster = await startCluster();
    proxy = await tcpProxy(cluster.port);
    const session = await direct();
    await session.query('CREATE TABLE t (id bigint PRIMARY KEY)');
    await session.close();
  });
  afterAll(async () => {
    await proxy.close();
    await cluster.dispose();
  });

  /** Puts a new number into the table. */
  function insertInto(session: PgSession): { id: bigint; done: Promise<unknown> } {
    id += 1n;
    const steps = [{ text: 'BEGIN' }, { text: 'INSERT INTO t VALUES ($1)', values: [id] }, { text: 'COMMIT' }];
    return { id, done: session.pipeline(steps) };
  }
  async function isThere(wanted: bigint, url = cluster.url()): Promise<boolean> {
    const session = await connectPostgres(url, OPTIONS);
    const { rowCount } = await session.query('SELECT 1 FROM t WHERE id = $1', [wanted]);
    await session.close();
    return rowCount === 1;
  }
  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (let tries = 0; !(await condition()); tries += 1) {
      expect(tries).toBeLessThan(500);
      await sleep(10);
    }
  }

  it.each([
    ['before', false],
    ['answered', true],
  ] as const)('does not tell how a commit ended that was cut %s it got through', async (moment, there) => {
    const session = await proxied();
    const cut = proxy.cutAt('COMMIT', moment);
    const { id, done } = insertInto(session);
    await expect(done).rejects.toMatchObject({ name: 'PgConnectionLost', sent: true });
    await cut;
    expect(isDown(await session.ended)).toBe(true);
    await expect(insertInto(session).done).rejects.toMatchObject({ name: 'PgConnectionLost', sent: false });
    expect(await isThere(id)).toBe(there);
  });

  it('gives up on a partner who falls silent', async () => {
    const session = await proxied({ answerTimeoutMs: 150 });
    proxy.freeze();
    await expect(insertInto(session).done).rejects.toMatchObject({ name: 'PgConnectionLost', sent: true });
    proxy.pass();
  });

  it('closes in time where the partner is silent', async () => {
    const session = await proxied();
    proxy.freeze();
    await session.close();
    expect(await session.ended).toBeNull();
    proxy.cut();
    proxy.pass();
  });

  it('keeps what was confirmed when every process of the server is killed', async () => {
    const session = await direct();
    const first = insertInto(session);
    await first.done;
    const second = session.pipeline([
      { text: 'BEGIN' },
      { text: 'INSERT INTO t VALUES (-1)' },
      { text: 'SELECT pg_sleep(1)' },
      { text: 'COMMIT' },
    ]);
    const lost = expect(second).rejects.toMatchObject({ name: 'PgConnectionLost', sent: true });
    await sleep(50);
    await cluster.kill();
    await lost;
    const error: unknown = await direct().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'PgConnectionLost', sent: false });
    expect(isDown(error)).toBe(true);
    await cluster.start();
    expect([await isThere(first.id), await isThere(-1n)]).toEqual([true, false]);
  });

  it.each(['fast', 'immediate'] as const)('learns of a stop, %s, and finds the server again', async (how) => {
    const session = await direct();
    const { id, done } = insertInto(session);
    await done;
    await cluster.stop(how);
    expect(isDown(await session.ended)).toBe(true);
    await cluster.start();
    expect(await isThere(id)).toBe(true);
  });

  it('gives an advisory lock to one session, and to the next when that one ends', async () => {
    const [one, two] = [await proxied(), await direct()];
    const key = -(2n ** 63n);
    expect([await tryAdvisoryLock(one, key), await tryAdvisoryLock(two, key)]).toEqual([true, false]);
    expect(await unlockAdvisory(two, key)).toBe(false);
    expect(await unlockAdvisory(one, key)).toBe(true);
    expect([await tryAdvisoryLock(one, key), await tryAdvisoryLock(two, key)]).toEqual([true, false]);
    proxy.cut();
    await one.ended;
    await until(() => tryAdvisoryLock(two, key));
    await two.close();
  });

  it('is not told of success when a commit gave up waiting for its standby', async () => {
    const admin = await direct();
    await admin.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    await admin.query('SELECT pg_reload_conf()');
    const session = await direct();
    await until(async () => (await session.query('SHOW synchronous_standby_names')).rows[0]?.['synchronous_standby_names'] === 'nobody');
    const { id, done } = insertInto(session);
    const lost = expect(done).rejects.toMatchObject({ name: 'PgConnectionLost', sent: true });
    const waits = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'SyncRep'";
    await until(async () => (await admin.query(waits, [BigInt(session.pid)])).rowCount === 1);
    // The server calls this a success, with a warning.
    await admin.query('SELECT pg_cancel_backend($1)', [BigInt(session.pid)]);
    await lost;
    expect(await isThere(id)).toBe(true);
    await admin.query('ALTER SYSTEM RESET synchronous_standby_names');
    await admin.query('SELECT pg_reload_conf()');
    await admin.close();
  });

  it('goes on with the standby, on another timeline, with all that was confirmed', async () => {
    const standby = await cluster.standby();
    try {
      const session = await direct();
      const before = await checkSafety(session);
      expect(before.findings.join()).not.toContain('No standby');
      const { id, done } = insertInto(session);
      await done;
      const follower = await connectPostgres(standby.url(), OPTIONS);
      await expect(checkSafety(follower)).rejects.toMatchObject({ code: 'CONFIG_INVALID', facts: { setting: 'server', value: 'standby' } });
      const refused: unknown = await insertInto(follower).done.catch((error: unknown) => error);
      expect(refused).toMatchObject({ sqlstate: '25006' });
      expect(isDown(refused)).toBe(true);
      await cluster.kill();
      standby.promote();
      const after = await checkSafety(follower);
      expect(after).toMatchObject({ systemId: before.systemId, timeline: before.timeline + 1 });
      expect(await isThere(id, standby.url())).toBe(true);
      await follower.close();
    } finally {
      await standby.dispose();
    }
  });

  it('leaves nothing behind when the process that started a server is killed', async () => {
    const script = `import { startCluster } from ${JSON.stringify(CLUSTER)};
      const { pid, socketFolder } = await startCluster();
      console.log(JSON.stringify({ pid: pid(), socketFolder }));
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said = await new Promise<string>((resolve) => child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())));
    const { pid, socketFolder } = JSON.parse(said) as { pid: number; socketFolder: string };
    expect([isRunning(pid), existsSync(socketFolder)]).toEqual([true, true]);
    child.kill('SIGKILL');
    await until(() => !isRunning(pid) && !existsSync(socketFolder));
  });
});
