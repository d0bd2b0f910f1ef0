import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectPostgres } from '../../packages/server/src/ground/postgres.ts';
import { isDown } from '../../packages/server/src/ground/postgres-errors.ts';
import { openPgReads } from '../../packages/server/src/ground/postgres-reads.ts';
import type { PgSession } from '../../packages/server/src/ground/postgres-session.ts';
import { loopbackCertificate } from '../support/certificate.ts';
import { temporaryFolder } from '../support/daemon.ts';
import { describePostgres } from '../support/postgres.ts';
import { type Cluster, startCluster } from '../support/postgres-cluster.ts';
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts';

const OPTIONS = { applicationName: 'tests', connectTimeoutMs: 2_000, statementTimeoutMs: 5_000 };
const PASSWORD = 'pa-ss-word-9f3';

describePostgres('a connection to PostgreSQL', () => {
  let cluster: Cluster;
  let admin: PgSession;
  let proxy: TcpProxy;
  const urlOf = (port: number, more = '', password = PASSWORD) => `postgres://keeper:${password}@127.0.0.1:${port}/postgres${more}`;

  beforeAll(async () => {
    cluster = await startCluster();
    proxy = await tcpProxy(cluster.port);
    admin = await connectPostgres(cluster.url(), OPTIONS);
    await admin.query(`CREATE ROLE keeper LOGIN PASSWORD '${PASSWORD}'`);
    cluster.write('pg_hba.conf', 'host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n');
    await admin.query('SELECT pg_reload_conf()');
    await until(async () => (await whatFails(connectPostgres(urlOf(cluster.port, '', 'wrong'), OPTIONS))) !== null);
  });
  afterAll(async () => {
    await admin.close();
    await proxy.close();
    await cluster.dispose();
  });

  async function until(condition: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; !(await condition()); tries += 1) {
      expect(tries).toBeLessThan(200);
      await sleep(10);
    }
  }

  async function whatFails(opening: Promise<PgSession>): Promise<unknown> {
    try {
      await (await opening).close();
      return null;
    } catch (error) {
      return error;
    }
  }

  function expectNothingOf(error: unknown): void {
    const all = `${(error as Error).stack} ${JSON.stringify(error)} ${inspect(error, { depth: 9, showHidden: true })}`;
    for (const part of [PASSWORD, 'keeper', '127.0.0.1', '@']) expect(all).not.toContain(part);
  }

  it('is made with a password, and knows its backend', async () => {
    const session = await connectPostgres(urlOf(cluster.port), OPTIONS);
    const { rows } = await admin.query('SELECT application_name FROM pg_stat_activity WHERE pid = $1', [BigInt(session.pid)]);
    expect(rows).toEqual([{ application_name: 'tests' }]);
    expect([session.isDirect, session.isOpen, session.transaction]).toEqual([true, true, 'idle']);
    expect(inspect(session, { depth: 9, showHidden: true })).not.toContain(PASSWORD);
    await session.close();
  });

  it('sets what its statements rely on, whatever the role and the URL say', async () => {
    await admin.query("ALTER ROLE keeper SET bytea_output = 'escape'");
    const session = await connectPostgres(urlOf(cluster.port, '?options=-cTimeZone%3DAsia/Tokyo%20-csearch_path%3Dpg_catalog'), OPTIONS);
    const { rows } = await session.query(`SELECT current_setting('bytea_output') AS bytea, current_setting('TimeZone') AS zone,
      current_setting('search_path') AS path, current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
      current_setting('default_transaction_isolation') AS isolation, current_setting('jit') AS jit`);
    const expected = { bytea: 'hex', zone: 'UTC', path: 'pg_catalog', statement: '5s', lock: '2500ms', isolation: 'read committed' };
    expect(rows[0]).toEqual({ ...expected, jit: 'off' });
    await session.close();
  });

  it.each([
    ['a wrong password', () => urlOf(cluster.port, '', 'wrong'), { name: 'PgError', sqlstate: '28P01' }, false],
    ['no such database', () => urlOf(cluster.port).replace('/postgres', '/none'), { name: 'PgError', sqlstate: '3D000' }, false],
    ['no server', () => urlOf(1), { name: 'PgConnectionLost', sent: false, message: expect.stringContaining('ECONNREFUSED') }, true],
    ['a server without TLS', () => urlOf(cluster.port, '?sslmode=require'), { message: expect.stringContaining('SSL') }, true],
    ['no URL of PostgreSQL', () => `mysql://keeper:${PASSWORD}@127.0.0.1/x`, { code: 'CONFIG_INVALID' }, false],
    ['a password that breaks the URL', () => urlOf(cluster.port, '', `${PASSWORD}/#?x`), { code: 'CONFIG_INVALID' }, false],
    ['a certificate that is not there', () => urlOf(1, '?sslrootcert=none.crt'), { code: 'CONFIG_INVALID' }, false],
  ])('fails with a reason and nothing of the URL: %s', async (_, url, expected, down) => {
    const error = await whatFails(connectPostgres(url(), OPTIONS));
    expect(error).toMatchObject(expected);
    expect(isDown(error)).toBe(down);
    expectNothingOf(error);
  });

  it('gives up in time where the server accepts and says nothing', async () => {
    proxy.freeze();
    const error = await whatFails(connectPostgres(urlOf(proxy.port), { ...OPTIONS, connectTimeoutMs: 150 }));
    proxy.pass();
    expect(error).toMatchObject({ name: 'PgConnectionLost', message: expect.stringContaining('timeout expired') });
    expectNothingOf(error);
  });

  it('fails, and nothing else does, where what answers is no PostgreSQL', async () => {
    const other = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const error = await whatFails(connectPostgres(urlOf(port), { ...OPTIONS, connectTimeoutMs: 300 }));
    expect(error).toMatchObject({ name: 'PgConnectionLost' });
    await new Promise((resolve) => other.close(resolve));
  });

  it('verifies the server whenever TLS is asked for', async (context) => {
    const made = loopbackCertificate() ?? context.skip('there is no openssl here to make a certificate with');
    const folder = temporaryFolder();
    const ca = join(folder, 'ca.crt');
    writeFileSync(ca, made.cert);
    cluster.write('server.crt', made.cert);
    cluster.write('server.key', made.key);
    await admin.query("ALTER SYSTEM SET ssl = 'on'");
    await admin.query('SELECT pg_reload_conf()');
    await until(async () => (await admin.query('SHOW ssl')).rows[0]?.['ssl'] === 'on');
    for (const mode of ['require', 'verify-ca', 'verify-full', 'prefer']) {
      const session = await connectPostgres(urlOf(cluster.port, `?sslmode=${mode}&sslrootcert=${ca}`), OPTIONS);
      const { rows } = await session.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
      expect(rows).toEqual([{ ssl: true }]);
      await session.close();
      const error = await whatFails(connectPostgres(urlOf(cluster.port, `?sslmode=${mode}`), OPTIONS));
      expect(error).toMatchObject({ name: 'PgConnectionLost', message: expect.stringContaining('SELF_SIGNED_CERT') });
      expectNothingOf(error);
    }
    await rm(folder, { recursive: true });
  });

  it('reads over a few connections that come and go', async () => {
    const reads = openPgReads(urlOf(proxy.port), { ...OPTIONS, max: 2 });
    const all = await Promise.all(
      Array.from({ length: 9 }, (_, i) => reads.query('SELECT $1::int8 AS i, pg_backend_pid() AS pid', [BigInt(i)])),
    );
    expect(all.map(({ rows }) => rows[0]?.['i'])).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n]);
    expect(new Set(all.map(({ rows }) => rows[0]?.['pid'])).size).toBe(2);
    const values = [['a"\\', null, 'NULL'], Buffer.from([0, 255])];
    const one = await reads.query('SELECT $1::text[] @> ARRAY[$$a"\\$$] AS has, $2::bytea AS b, NULL AS n', values);
    expect(one).toEqual({ rows: [{ has: true, b: Buffer.from([0, 255]), n: null }], rowCount: 1 });
    await expect(reads.query('CREATE TABLE no (a int)')).rejects.toMatchObject({ name: 'PgError', sqlstate: '25006' });
    // Connections that break while nobody uses them are forgotten.
    proxy.cut();
    await until(async () => (await reads.query('SELECT 1').catch(() => null)) !== null);
    const wrong = openPgReads(urlOf(cluster.port, '', 'wrong'), { ...OPTIONS, max: 1 });
    const error = await wrong.query('SELECT 1').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'PgError', sqlstate: '28P01' });
    expectNothingOf(error);
    await Promise.all([reads.close(), wrong.close()]);
  });
});
