import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPostgres } from '../../packages/server/src/ground/postgres.ts';
import { type AskedServer, checkSafety } from '../../packages/server/src/ground/postgres-safety.ts';
import type { PgSession } from '../../packages/server/src/ground/postgres-session.ts';
import { describePostgres } from '../support/postgres.ts';
import { type Cluster, startCluster } from '../support/postgres-cluster.ts';

const OPTIONS = { applicationName: 'tests', connectTimeoutMs: 2_000, statementTimeoutMs: 2_000 };

describePostgres('the safety of a PostgreSQL server', () => {
  let cluster: Cluster;
  let admin: PgSession;
  const keeper = (database?: string) => connectPostgres(cluster.url(database).replace('postgres@', 'keeper@'), OPTIONS);

  beforeAll(async () => {
    cluster = await startCluster();
    admin = await connectPostgres(cluster.url(), OPTIONS);
    await admin.query('CREATE ROLE keeper LOGIN');
  });
  afterAll(async () => {
    await admin.close();
    await cluster.dispose();
  });

  /** As an operator may, under a running session. */
  async function configure(change: string): Promise<void> {
    const loaded = async () => (await admin.query('SELECT pg_conf_load_time()::text AS at')).rows[0]?.['at'];
    const before = await loaded();
    await admin.query(change);
    await admin.query('SELECT pg_reload_conf()');
    for (let tries = 0; (await loaded()) === before; tries += 1) {
      expect(tries).toBeLessThan(300);
      await sleep(10);
    }
  }
  /** What a fresh session of the ordinary role is told, and then again once the change is undone. */
  async function expectRefusal(setting: string, value: string, database?: string): Promise<void> {
    const session = await keeper(database);
    const refusal = checkSafety(session);
    await expect(refusal).rejects.toMatchObject({ code: 'CONFIG_INVALID', facts: { setting, value } });
    await expect(refusal).rejects.toThrow(`${setting} is ${value}`);
    await session.close();
  }
  async function expectSafe(database?: string): Promise<void> {
    const session = await keeper(database);
    expect(await checkSafety(session)).toMatchObject({ timeline: 1 });
    await session.close();
  }

  it('is told to an ordinary role', async () => {
    const session = await keeper();
    const facts = await checkSafety(session);
    const { rows } = await admin.query('SELECT system_identifier::text AS id FROM pg_control_system()');
    expect(facts).toMatchObject({ systemId: rows[0]?.['id'], timeline: 1 });
    expect(facts.version).toBeGreaterThanOrEqual(150_000);
    expect(facts.findings.map((finding) => finding.split(':')[0])).toEqual(['Data checksums are off', 'No standby is synchronous']);
    expect((await checkSafety(admin)).findings.join()).toContain('superuser');
    await session.close();
  });

  it.each([
    ['fsync', 'off'],
    ['full_page_writes', 'off'],
    ['synchronous_commit', 'off'],
    ['synchronous_commit', 'local'],
    ['synchronous_commit', 'remote_write'],
    ['zero_damaged_pages', 'on'],
    ['ignore_checksum_failure', 'on'],
    ['session_replication_role', 'replica'],
  ])('is refused with %s = %s', async (setting, value) => {
    await configure(`ALTER SYSTEM SET ${setting} = '${value}'`);
    await expectRefusal(setting, value);
    await configure(`ALTER SYSTEM RESET ${setting}`);
    await expectSafe();
  });

  it('is refused under a session that found it safe before', async () => {
    const session = await keeper();
    await checkSafety(session);
    await configure("ALTER SYSTEM SET synchronous_commit = 'off'");
    await session.query('SELECT 1');
    await expect(checkSafety(session)).rejects.toMatchObject({ facts: { setting: 'synchronous_commit' } });
    await configure('ALTER SYSTEM RESET synchronous_commit');
    await session.close();
  });

  it('is refused for a setting of the role or of the database', async () => {
    await admin.query("ALTER ROLE keeper SET synchronous_commit = 'off'");
    await expectRefusal('synchronous_commit', 'off');
    await admin.query('ALTER ROLE keeper RESET synchronous_commit');
    await admin.query("ALTER DATABASE postgres SET default_transaction_read_only = 'on'");
    await expectRefusal('transaction_read_only', 'on');
    await configure('ALTER DATABASE postgres RESET default_transaction_read_only');
    await expectSafe();
  });

  it('allows waiting longer than for the disk', async () => {
    await admin.query("ALTER ROLE keeper SET synchronous_commit = 'remote_apply'");
    await expectSafe();
    await admin.query('ALTER ROLE keeper RESET synchronous_commit');
  });

  it('is refused for a database that does not hold every text', async () => {
    await admin.query("CREATE DATABASE narrow TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
    await expectRefusal('server_encoding', 'SQL_ASCII', 'narrow');
  });

  it('is refused to a role that may not ask, with what to grant', async () => {
    await admin.query('REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC');
    const session = await keeper();
    await expect(checkSafety(session)).rejects.toThrow(/Grant it EXECUTE on pg_control_system/);
    await admin.query('GRANT EXECUTE ON FUNCTION pg_control_system() TO keeper');
    await checkSafety(session);
    await session.close();
  });
});

describe('a PostgreSQL that is not asked further', () => {
  const server = (isDirect: boolean, version: bigint): AskedServer => ({
    isDirect,
    query: async () => ({ rows: [{ version }], rowCount: 1 }),
    pipeline: () => Promise.reject(new Error('asked further')),
  });

  it('is one behind a pooler', async () => {
    await expect(checkSafety(server(false, 150_000n))).rejects.toMatchObject({ facts: { setting: 'connection', value: 'pooled' } });
  });

  it('is one before version 15', async () => {
    await expect(checkSafety(server(true, 140_023n))).rejects.toMatchObject({ facts: { setting: 'server_version_num', value: '140023' } });
    await expect(checkSafety(server(true, 150_000n))).rejects.toThrow('asked further');
  });
});
