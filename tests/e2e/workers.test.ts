import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, addSource, call, callUntilFinal, eventually, receiptOf, type Seen, settledSource, wrongs } from '../support/calling.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { isRunning } from '../support/processes.ts';
import { type OwnSandbox, sandboxProcess } from '../support/sandbox.ts';
import { allUp, FRESH, readiness, workersOf } from '../support/workers.ts';

const FIXED = { model: 'sandbox-fixed-5' };
const WORKERS = 4;
const BURNED = 2;
const TOKEN = 'tally_admin_of_the_workers_test_0123456789';
const ENV = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'fatal', TALLY_WORKERS: String(WORKERS), TALLY_ADMIN_TOKEN: TOKEN };

let sandbox: OwnSandbox;
let daemon: TestDaemon;

beforeAll(async () => {
  [sandbox, daemon] = await Promise.all([sandboxProcess(), startDaemon({ env: ENV })]);
});

afterAll(async () => {
  await daemon?.dispose();
  await sandbox?.close();
});

async function party(apiKey: string, cap: number): Promise<{ id: string; key: string }> {
  const id = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: apiKey, cap });
  return { id, key: (await addKey(daemon, { sources: [id] })).key };
}

const codes = (seen: readonly Seen[]) => [...new Set(seen.map(({ status, code }) => `${status} ${code ?? ''}`.trim()))].sort();

/** One call on each of several connections of their own, so that each worker gets some. */
const onEach = (key: string) => Promise.all(Array.from({ length: 2 * WORKERS }, () => call(daemon.url, key, { ...FIXED, headers: FRESH })));

async function counted(metric: string): Promise<number> {
  const answer = await fetch(`${daemon.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
  const lines = (await answer.text()).split('\n').filter((line) => line.startsWith(metric));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

describe('four workers', () => {
  it('are four processes beside the daemon, and all of them ready', async () => {
    expect(workersOf(daemon)).toHaveLength(WORKERS);
    expect(await readiness(daemon)).toEqual({ of: WORKERS, up: WORKERS, restarts: 0 });
  });

  it('and 64 callers each, all on one source: served is exactly what its cap allows, and what they counted adds up', async () => {
    const apiKey = 'sk-workers-race';
    const { id, key } = await party(apiKey, 600);
    const before = await counted('tally_calls_total{endpoint="chat",outcome="ok"}');
    const seen = await Promise.all(Array.from({ length: WORKERS * 64 }, () => callUntilFinal(daemon.url, key, FIXED)));
    const served = seen.filter(({ status }) => status === 200);
    expect(served).toHaveLength(120);
    expect(codes(seen)).toEqual(['200', '402 CAP_EXCEEDED']);
    expect(await settledSource(daemon, id)).toMatchObject({ spent: '600', held: '0', left: '0', overrun: '0', state: 'active' });
    expect(await sandbox.usage(apiKey)).toMatchObject({ requests: 120, total_tokens: 600 });
    expect(await counted('tally_calls_total{endpoint="chat",outcome="ok"}')).toBe(before + 120);
    expect(await counted('tally_calls_in_flight')).toBe(0);
    const bundles = await Promise.all(served.map(({ receipt }) => receiptOf(daemon.url, receipt)));
    expect(new Set(bundles.map(({ receipt }) => receipt.callId)).size).toBe(120);
    expect(await wrongs(daemon)).toEqual([]);
  });

  it('all know a new key and a new source at once, and at once no longer one that was destroyed', async () => {
    const apiKey = 'sk-workers-destroyed';
    const { id, key } = await party(apiKey, 100_000);
    expect(codes(await onEach(key))).toEqual(['200']);
    const { requests } = await sandbox.usage(apiKey);
    const { body } = await daemon.admin(`/sources/${id}/destroy`, {});
    expect(body).toMatchObject({ state: 'destroyed', secret: 'destroyed' });
    expect(codes(await onEach(key))).toEqual(['404 MODEL_UNKNOWN']);
    expect((await sandbox.usage(apiKey)).requests).toBe(requests);
  });

  it('one of them killed: its calls are spent, the others’ go on, another takes its place, and nothing is overspent', async () => {
    const apiKey = 'sk-workers-killed';
    const { id, key } = await party(apiKey, 500_000);
    const slow = Array.from({ length: 8 }, (_, n) =>
      call(daemon.url, key, { model: 'sandbox-slow', stream: n % 2 === 0, max: 60, headers: FRESH }),
    );
    await eventually('all are sent', async () => (await sandbox.usage(apiKey)).requests >= 8);
    const before = await counted('tally_calls_total');
    const [victim] = workersOf(daemon);
    process.kill(victim as number, 'SIGKILL');
    const seen = await Promise.all(slow);
    const cut = seen.filter(({ died }) => died);
    expect(cut.length).toBeGreaterThan(0);
    expect(cut.length).toBeLessThan(8);
    expect(codes(seen.filter(({ died }) => !died))).toEqual(['200']);
    await allUp(daemon, 1);
    const { spent } = await settledSource(daemon, id);
    const { total_tokens: billed } = await sandbox.usage(apiKey);
    expect(billed).toBeLessThanOrEqual(Number(spent));
    for (const { receipt: shown } of cut.filter(({ receipt }) => receipt !== null)) {
      const { receipt, detail } = await receiptOf(daemon.url, shown);
      expect([receipt.kind, detail['reason']]).toEqual([BURNED, 'the worker that served it ended before the call was settled']);
    }
    expect(codes(await onEach(key))).toEqual(['200']);
    expect(await wrongs(daemon, 'doctor')).toEqual([]);
    // What was counted once is not forgotten with the worker that counted it.
    expect(await counted('tally_calls_total')).toBeGreaterThanOrEqual(before);
  });

  it('leave a signal to the daemon: it says when to end', async () => {
    const all = workersOf(daemon);
    for (const pid of all) for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR1'] as const) process.kill(pid, signal);
    await sleep(100);
    expect(workersOf(daemon)).toEqual(all);
  });

  it('end with the daemon, however that ends, and the next start is sound', async () => {
    const apiKey = 'sk-workers-orphans';
    const { id, key } = await party(apiKey, 100_000);
    const hanging = Array.from({ length: 4 }, () => call(daemon.url, key, { model: 'sandbox-hang', max: 60, headers: FRESH }));
    await eventually('all are sent', async () => (await sandbox.usage(apiKey)).requests === 4);
    const all = workersOf(daemon);
    await daemon.stop('SIGKILL');
    await eventually('the workers have ended', async () => !all.some(isRunning));
    expect((await Promise.all(hanging)).every(({ died }) => died)).toBe(true);
    const { requests, total_tokens: billed } = await sandbox.usage(apiKey);
    daemon = await startDaemon({ dir: daemon.dir, env: { ...ENV, TALLY_WORKERS: '2' } });
    const { spent } = await settledSource(daemon, id);
    expect([requests, Number(spent) >= billed]).toEqual([4, true]);
    expect((await sandbox.usage(apiKey)).requests).toBe(4);
    expect(await wrongs(daemon, 'doctor')).toEqual([]);
  });

  it('let their calls end when the daemon is asked to, and settle them all', async () => {
    const apiKey = 'sk-workers-drained';
    const { key, id } = await party(apiKey, 100_000);
    const calls = Array.from({ length: 8 }, (_, n) =>
      call(daemon.url, key, { model: 'sandbox-slow', stream: n % 2 === 0, max: 60, headers: FRESH }),
    );
    await eventually('all are sent', async () => (await sandbox.usage(apiKey)).requests === 8);
    const all = workersOf(daemon);
    const stopped = daemon.stop();
    await sleep(50);
    const late = await call(daemon.url, key, { ...FIXED, headers: FRESH });
    expect(late).toMatchObject({ status: 503, code: 'SHUTTING_DOWN' });
    expect((await fetch(`${daemon.url}/readyz`, { headers: FRESH })).status).toBe(503);
    expect(await stopped).toBe(0);
    expect(all.some(isRunning)).toBe(false);
    for (const seen of await Promise.all(calls)) expect(seen).toMatchObject({ status: 200, code: null, died: false });
    // The same books without workers.
    daemon = await startDaemon({ dir: daemon.dir, env: { ...ENV, TALLY_WORKERS: '1' } });
    const { spent, held } = await settledSource(daemon, id);
    expect([spent, held]).toEqual([String((await sandbox.usage(apiKey)).total_tokens), '0']);
    expect(workersOf(daemon)).toEqual([]);
    expect(await wrongs(daemon, 'doctor')).toEqual([]);
  });
});
