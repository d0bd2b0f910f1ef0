import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, addSource, call, eventually, receiptOf, type Seen, sourceView, wrongs } from '../support/calling.ts';
import { type DaemonOptions, startDaemon as launch, type TestDaemon } from '../support/daemon.ts';
import { offline } from '../support/offline.ts';
import { type OwnSandbox, sandboxProcess } from '../support/sandbox.ts';

const FIXED = { model: 'sandbox-fixed-5' };
const BURNED = 2;
const METERED = 1;

/** Every daemon of this file, so that a test that fails leaves none behind. */
const daemons: TestDaemon[] = [];

async function startDaemon(options: DaemonOptions = {}): Promise<TestDaemon> {
  const daemon = await launch(options);
  daemons.push(daemon);
  return daemon;
}

let sandbox: OwnSandbox;

beforeAll(async () => {
  sandbox = await sandboxProcess();
});

afterAll(async () => {
  await Promise.all(daemons.map((daemon) => daemon.dispose()));
  await sandbox?.close();
});

async function started(env: Record<string, string> = {}): Promise<{ daemon: TestDaemon; id: string; key: string; apiKey: string }> {
  const daemon = await startDaemon({ env: { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'error', ...env } });
  const apiKey = `sk-shutdown-${daemon.pid}`;
  const id = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: apiKey, cap: 100_000 });
  const { key } = await addKey(daemon, { sources: [id] });
  return { daemon, id, key, apiKey };
}

const running = (daemon: TestDaemon, id: string, calls: number) =>
  eventually(`${calls} calls run`, async () => {
    const { body } = await daemon.admin<{ findings: { check: string; detail: string }[] }>('/doctor');
    return body.findings.some(({ check, detail }) => check === 'open holds' && detail.startsWith(`${calls} calls`)) && id;
  });

describe('SIGTERM', () => {
  it('lets calls in flight end, settles them all, and ends with 0', async () => {
    const { daemon, id, key, apiKey } = await started();
    const calls = Array.from({ length: 10 }, (_, n) => call(daemon.url, key, { model: 'sandbox-slow', stream: n % 2 === 0, max: 60 }));
    await running(daemon, id, 10);
    expect(await daemon.stop()).toBe(0);
    for (const seen of await Promise.all(calls)) expect(seen).toMatchObject({ status: 200, code: null, died: false });
    const again = await startDaemon({ dir: daemon.dir, env: { TALLY_SANDBOX: '0' } });
    const view = await sourceView(again, id);
    expect(view).toMatchObject({ held: '0', state: 'active' });
    expect((await sandbox.usage(apiKey)).total_tokens).toBe(Number(view.spent));
    for (const { receipt: seen } of await Promise.all(calls)) expect((await receiptOf(again.url, seen)).receipt.kind).toBe(METERED);
    expect(await wrongs(again, 'doctor')).toEqual([]);
    await again.dispose();
  });

  it('cuts what does not end in time; it is spent, and its callers are told', async () => {
    const { daemon, id, key } = await started({ TALLY_SHUTDOWN_MS: '400' });
    const calls = [true, false].map((stream) => call(daemon.url, key, { model: 'sandbox-hang', stream, max: 60 }));
    const stalled = call(daemon.url, key, { model: 'sandbox-stall', stream: true, max: 60 });
    await running(daemon, id, 3);
    await sleep(100);
    const from = performance.now();
    expect(await daemon.stop()).toBe(0);
    expect(performance.now() - from).toBeLessThan(5_000);
    const seen: Seen[] = await Promise.all([...calls, stalled]);
    expect(seen.map(({ status, code }) => [status, code])).toEqual([
      [503, 'SHUTTING_DOWN'],
      [503, 'SHUTTING_DOWN'],
      [200, 'SHUTTING_DOWN'],
    ]);
    const again = await startDaemon({ dir: daemon.dir, env: { TALLY_SANDBOX: '0' } });
    const held = seen.reduce((sum, { headers }) => sum + Number(headers.get('x-tally-held')), 0);
    expect(await sourceView(again, id)).toMatchObject({ held: '0', spent: String(held), state: 'active' });
    for (const { receipt: one } of seen) {
      const { receipt, detail } = await receiptOf(again.url, one);
      expect([receipt.kind, detail['reason'], detail['complete']]).toEqual([BURNED, 'the gateway was shut down', false]);
    }
    expect(await wrongs(again, 'doctor')).toEqual([]);
    await again.dispose();
  });

  it('under load: new calls are refused by name or by the port, and none is lost', async () => {
    const { daemon, id, key, apiKey } = await started({ TALLY_SHUTDOWN_MS: '2000' });
    let open = true;
    const seen: Seen[] = [];
    const load = Array.from({ length: 8 }, async (_, n) => {
      while (open) {
        const one = await call(daemon.url, key, n % 2 === 0 ? { ...FIXED, stream: n % 4 === 0 } : { model: 'sandbox-slow', max: 20 });
        seen.push(one);
        if (one.status !== 200) return;
      }
    });
    await sleep(500);
    expect(await daemon.stop()).toBe(0);
    open = false;
    await Promise.all(load);
    for (const one of seen) expect(['200 null', '503 SHUTTING_DOWN', '0 null']).toContain(`${one.status} ${one.code}`);
    const again = await startDaemon({ dir: daemon.dir, env: { TALLY_SANDBOX: '0' } });
    const view = await sourceView(again, id);
    expect(view).toMatchObject({ held: '0', state: 'active' });
    expect((await sandbox.usage(apiKey)).total_tokens).toBe(Number(view.spent));
    for (const one of seen.filter(({ status }) => status === 200)) await receiptOf(again.url, one.receipt);
    await again.dispose();
  });

  it('a request that is still arriving is told SHUTTING_DOWN, while those before it end', async () => {
    const { daemon, id, key } = await started({ TALLY_SHUTDOWN_MS: '5000' });
    const before = call(daemon.url, key, { model: 'sandbox-slow', stream: true, max: 100 });
    await running(daemon, id, 1);
    const { hostname, port } = new URL(daemon.url);
    const socket = connect({ host: hostname, port: Number(port) });
    const answer = text(socket);
    // Half a head: the connection is not idle, so the shutdown waits for it.
    socket.write('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n');
    await sleep(100);
    const stopped = daemon.stop();
    await sleep(100);
    const body = JSON.stringify({ ...FIXED, messages: [{ role: 'user', content: 'x' }] });
    const length = `content-length: ${body.length}\r\nconnection: close`;
    socket.write(`authorization: Bearer ${key}\r\ncontent-type: application/json\r\n${length}\r\n\r\n${body}`);
    expect(await answer).toMatch(/^HTTP\/1.1 503 .*"code":"SHUTTING_DOWN"/s);
    expect((await before).status).toBe(200);
    expect(await stopped).toBe(0);
    await daemon.dispose();
  });

  it('a body that is whole only after the cut is not sent any more: nothing outlives the shutdown', async () => {
    const { daemon, id, key } = await started({ TALLY_SHUTDOWN_MS: '300' });
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(daemon.url).port) });
    const answer = text(socket);
    const body = JSON.stringify({ model: 'sandbox-hang', max_completion_tokens: 60, messages: [{ role: 'user', content: 'x' }] });
    const head = `host: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close`;
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\n${head}\r\n\r\n${body.slice(0, 20)}`);
    await sleep(200);
    const stopped = daemon.stop();
    await sleep(800);
    socket.write(body.slice(20));
    expect(await answer).toMatch(/^HTTP\/1.1 503 .*"code":"SHUTTING_DOWN"/s);
    expect(await stopped).toBe(0);
    const again = await startDaemon({ dir: daemon.dir, env: { TALLY_SANDBOX: '0' } });
    expect(await sourceView(again, id)).toMatchObject({ spent: '0', held: '0' });
    await again.dispose();
  });

  it('twice: does not wait, and the next start finds everything spent and nothing open', async () => {
    const { daemon, id, key } = await started({ TALLY_SHUTDOWN_MS: '20000' });
    const hanging = call(daemon.url, key, { model: 'sandbox-hang', max: 60 });
    await running(daemon, id, 1);
    const first = daemon.stop();
    await sleep(200);
    process.kill(daemon.pid, 'SIGTERM');
    expect(await first).toBe(1);
    expect((await hanging).died).toBe(true);
    const again = await startDaemon({ dir: daemon.dir, env: { TALLY_SANDBOX: '0' } });
    expect(await sourceView(again, id)).toMatchObject({ held: '0', state: 'active' });
    expect(Number((await sourceView(again, id)).spent)).toBeGreaterThan(60);
    expect(await wrongs(again, 'doctor')).toEqual([]);
    await again.dispose();
  });

  it('SIGINT does the same', async () => {
    const { daemon } = await started();
    expect(await daemon.stop('SIGINT')).toBe(0);
    await daemon.dispose();
  });
});

describe('the next start', () => {
  it('keeps everything, shows no key again, and prints exactly one line', async () => {
    const first = await startDaemon();
    expect(first.virtual_key).toMatch(/^tk_/);
    const key = first.virtual_key as string;
    const { receipt } = await call(first.url, key, FIXED);
    await receiptOf(first.url, receipt);
    await first.stop();
    expect(first.stdout().trimEnd().split('\n')).toHaveLength(1);
    const second = await startDaemon({ dir: first.dir });
    expect(second).toMatchObject({ virtual_key: null, source_id: first.source_id, cap: first.cap });
    expect(await sourceView(second, first.source_id as string)).toMatchObject({ spent: '5', held: '0' });
    expect((await receiptOf(second.url, receipt)).receipt.charged).toBe(5n);
    expect((await call(second.url, key, FIXED)).status).toBe(200);
    await second.stop();
    const lines = second.stdout().trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    expect(Object.keys(JSON.parse(lines[0] as string)).sort()).toEqual(['cap', 'chain', 'pid', 'source_id', 'url', 'virtual_key']);
    await second.dispose();
  });

  it('on a port that is taken: refused by name, with 78, and the folder is free again at once', async () => {
    const first = await startDaemon();
    const { port } = new URL(first.url);
    const other = await startDaemon();
    await other.stop();
    const refused = await offline(other.dir, ['--json'], { PORT: port });
    expect(refused).toMatchObject({ exit: 78, out: null, error: { code: 'CONFIG_INVALID' } });
    const again = await startDaemon({ dir: other.dir });
    expect((await call(again.url, other.virtual_key as string, FIXED)).status).toBe(200);
    await again.dispose();
    await other.dispose();
    await first.dispose();
  });
});
