import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/calling.ts';
import { expectSoundBooks } from '../support/calls.ts';
import { type Asked, CanaryStage, type Planted, unusualSecret } from '../support/canary-stage.ts';
import { temporaryFolder } from '../support/daemon.ts';
import { offline } from '../support/offline.ts';
import { describePostgres } from '../support/postgres.ts';
import { type Cluster, startCluster } from '../support/postgres-cluster.ts';
import { ALL_VOICES, stream } from '../support/voices.ts';

const PASSWORD = unusualSecret();

describePostgres('a daemon whose database goes away', () => {
  let cluster: Cluster;
  let folder: string;
  let stage: CanaryStage;
  let planted: readonly Planted[];

  beforeAll(async () => {
    cluster = await startCluster();
    folder = temporaryFolder();
    const url = cluster.url().replace('postgres@', `postgres:${encodeURIComponent(PASSWORD)}@`);
    writeFileSync(join(folder, 'tallystick.json'), JSON.stringify({ DATABASE_URL: url }), { mode: 0o600 });
    stage = await CanaryStage.open({ TALLY_CONFIG: join(folder, 'tallystick.json') });
    stage.plant('password of the database', PASSWORD);
    planted = await Promise.all(ALL_VOICES.map((voice) => stage.source(voice, unusualSecret())));
  });
  afterAll(async () => {
    await stage?.close();
    await cluster?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  function good({ voice, stream: streams }: Asked, res: ServerResponse): void {
    const usage = voice.usage(3, 1);
    const [type, body] = streams ? ['text/event-stream', stream(voice, 'Hi', usage)] : ['application/json', voice.json('Hi', usage)];
    res.writeHead(200, { 'content-type': type }).end(body);
  }
  const status = async (path: string) => {
    const answer = await fetch(stage.daemon.url + path);
    return [answer.status, await stage.hear(answer)] as const;
  };
  const code = async (path: string, body?: unknown) => /"code":"([A-Z_]+)"/.exec(await stage.admin(path, body))?.[1];

  it('refuses clearly in every dialect, finishes what it had begun, and goes on by itself', async () => {
    const waiting: (() => void)[] = [];
    stage.quote((asked, res) => waiting.push(() => good(asked, res)));
    const running = planted.map(async (one) => {
      const answer = await stage.ask(one, true);
      return [answer.status, await stage.hear(answer)] as const;
    });
    await eventually('all calls have arrived', async () => waiting.length === planted.length);
    await cluster.stop('fast');
    for (const one of planted) {
      const refused = await stage.ask(one, false);
      expect(refused.status).toBe(503);
      expect(refused.headers.get('x-tally-error')).toBe('LEDGER_UNAVAILABLE');
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(one.voice.codeOf(JSON.parse(await stage.hear(refused)))).toBe('LEDGER_UNAVAILABLE');
    }
    const unknown = await stage.ask({ ...(planted[0] as Planted), key: `tk_${'x'.repeat(43)}` }, false);
    expect([unknown.status, unknown.headers.get('x-tally-error')]).toEqual([503, 'LEDGER_UNAVAILABLE']);
    await eventually('readiness says so', async () => (await status('/readyz'))[0] === 503);
    expect((await status('/readyz'))[1]).toContain('unavailable');
    expect((await status('/healthz'))[0]).toBe(200);
    for (const path of ['sources', 'keys', 'doctor', 'audit/verify']) expect(await code(`/api/admin/${path}`)).toBe('LEDGER_UNAVAILABLE');
    expect(await code('/api/admin/keys', { name: 'new' })).toBe('LEDGER_UNAVAILABLE');
    expect(await code(`/api/admin/sources/${planted[0]?.id}/pause`, {})).toBe('LEDGER_UNAVAILABLE');
    for (const answer of waiting) answer();
    for (const answered of await Promise.all(running)) expect(answered[0]).toBe(200);
    stage.quote(good);
    await cluster.start();
    await eventually('it is ready again', async () => (await status('/readyz'))[0] === 200);
    for (const one of planted) expect((await stage.ask(one, false)).status).toBe(200);
    await expectSoundBooks(stage.daemon);
    for (const state of ['away', 'back']) expect(stage.daemon.stderr()).toContain(`the books are ${state}`);
  });

  it('says at its start what it tried, and what to do', async () => {
    await stage.daemon.stop();
    stage.hearOutput();
    const url = (port: number, name: string) => `postgres://postgres:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${name}`;
    const serve = (DATABASE_URL: string) => offline(stage.dir, ['serve'], { DATABASE_URL, TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'debug' });
    const tried: readonly (readonly [string, number, string])[] = [
      [url(cluster.port, 'nothing'), 78, `database nothing at 127.0.0.1:${cluster.port}`],
      [url(1, 'books'), 1, 'database books at 127.0.0.1:1 '],
      [`postgres://postgres:${PASSWORD}/x@127.0.0.1:1/books`, 78, 'percent-encode'],
      [`mysql://${PASSWORD}`, 78, 'DATABASE_URL'],
    ];
    for (const [each, exit, says] of tried) {
      const ended = await serve(each);
      expect([ended.exit, ended.error.message]).toEqual([exit, expect.stringContaining(says)]);
      stage.heard(JSON.stringify(ended));
    }
    await stage.restart('SIGTERM');
    expect((await status('/readyz'))[0]).toBe(200);
  });

  it('shows the password of its database nowhere', async () => {
    stage.expectNothingInProcesses();
    await stage.admin('/api/admin/hosts/invite', {});
    await stage.expectNothingSaid();
    const { found, files } = stage.search(false).inFolder(join(stage.dir, 'data'));
    expect(found).toEqual([]);
    expect(files.length).toBeGreaterThan(10);
    expect(stage.search(true).inFolder(join(stage.dir, 'backup')).found).toEqual([]);
    expect(existsSync(join(stage.dir, 'backup', 'ledger.db'))).toBe(true);
    expect(stage.search(true).in('the server’s log', cluster.log())).toEqual([]);
  });
});
