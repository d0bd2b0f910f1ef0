import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, addSource, call, callUntilFinal, receiptOf, type Seen, settledSource, wrongs } from '../support/calling.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';

const CALLERS = 50;
const FIXED = { model: 'sandbox-fixed-5' };

let sandbox: OwnSandbox;
let daemon: TestDaemon;

beforeAll(async () => {
  sandbox = await ownSandbox();
  daemon = await startDaemon({ env: { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'error' } });
});

afterAll(async () => {
  await daemon?.dispose();
  await sandbox?.close();
});

async function source(apiKey: string, cap: number): Promise<string> {
  return addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: apiKey, cap });
}

function together(key: string, callers: number, ask: (n: number) => Parameters<typeof call>[2]): Promise<Seen[]> {
  return Promise.all(Array.from({ length: callers }, (_, n) => callUntilFinal(daemon.url, key, ask(n))));
}

const served = (seen: readonly Seen[]) => seen.filter(({ status }) => status === 200);

/** Every receipt verifies, and together they charge what is said to be spent. */
async function expectReceipts(seen: readonly Seen[], sourceSpent: number): Promise<void> {
  const bundles = await Promise.all(seen.map(({ receipt }) => receiptOf(daemon.url, receipt)));
  expect(new Set(bundles.map(({ receipt }) => receipt.callId)).size).toBe(seen.length);
  expect(bundles.reduce((sum, { receipt }) => sum + receipt.charged, 0n)).toBe(BigInt(sourceSpent));
}

describe('50 callers of 5 tokens on a limit of 100', () => {
  it.each([false, true])('on a source’s cap (stream: %s): 20 served, nothing left, the upstream counted exactly 100', async (stream) => {
    const apiKey = `sk-race-source-${stream}`;
    const id = await source(apiKey, 100);
    const { key } = await addKey(daemon, { sources: [id] });
    const seen = await together(key, CALLERS, () => ({ ...FIXED, stream }));
    expect(served(seen)).toHaveLength(20);
    expect(new Set(seen.filter(({ status }) => status !== 200).map(({ status, code }) => `${status} ${code}`))).toEqual(
      new Set(['402 CAP_EXCEEDED']),
    );
    expect(seen.filter(({ status }) => status === 402).every(({ headers }) => headers.get('x-should-retry') === 'false')).toBe(true);
    expect(await settledSource(daemon, id)).toMatchObject({ spent: '100', held: '0', left: '0', overrun: '0', state: 'active' });
    expect(await sandbox.usage(apiKey)).toMatchObject({ requests: 20, total_tokens: 100 });
    await expectReceipts(served(seen), 100);
    expect(await call(daemon.url, key, FIXED)).toMatchObject({ status: 402, code: 'CAP_EXCEEDED' });
  });

  it('on a key’s limit: the source has more, the key does not', async () => {
    const apiKey = 'sk-race-key';
    const id = await source(apiKey, 100_000);
    const { key, id: keyId } = await addKey(daemon, { sources: [id], limit: 100 });
    const seen = await together(key, CALLERS, () => FIXED);
    expect(served(seen)).toHaveLength(20);
    expect(await settledSource(daemon, id)).toMatchObject({ spent: '100', held: '0' });
    const { body } = await daemon.admin<{ keys: { id: string; spent: string; held: string; limit: string }[] }>('/keys');
    expect(body.keys.find((row) => row.id === keyId)).toMatchObject({ spent: '100', held: '0', limit: '100' });
    expect(await sandbox.usage(apiKey)).toMatchObject({ requests: 20, total_tokens: 100 });
    expect(await call(daemon.url, key, FIXED)).toMatchObject({ status: 402, code: 'CAP_EXCEEDED' });
    await expectReceipts(served(seen), 100);
  });

  it('a busy cap is told apart from an empty one, and says when to come back', async () => {
    const id = await source('sk-race-busy', 400);
    const { key } = await addKey(daemon, { sources: [id] });
    const slow = call(daemon.url, key, { model: 'sandbox-slow', max: 64 });
    let busy: Seen | null = null;
    // The hold of the slow call lies over most of the cap; a second one of its size has no room until it ends.
    for (let tries = 0; tries < 20 && busy?.code !== 'CAP_BUSY'; tries += 1)
      busy = await call(daemon.url, key, { model: 'sandbox-slow', max: 64 });
    expect(busy).toMatchObject({ status: 429, code: 'CAP_BUSY' });
    expect(busy?.headers.get('retry-after')).toBe('1');
    expect(busy?.headers.get('x-should-retry')).toBeNull();
    expect((await slow).status).toBe(200);
  });
});

describe('callers of different sizes', () => {
  it('never pass a cap together, whatever the order', async () => {
    const apiKey = 'sk-race-mixed';
    const cap = 3_000;
    const id = await source(apiKey, cap);
    const { key } = await addKey(daemon, { sources: [id] });
    const asks = [
      { model: 'sandbox-small', max: 40 },
      { model: 'sandbox-small', max: 7, stream: true },
      { model: 'sandbox-fixed-100' },
      { model: 'sandbox-fixed-5', stream: true },
      { model: 'sandbox-reasoning', max: 80, stream: true },
      { model: 'sandbox-long', max: 60, content: 'x'.repeat(90) },
      { model: 'sandbox-small', max: 30, endpoint: 'responses' as const },
    ];
    const seen = await together(key, 70, (n) => asks[n % asks.length] as (typeof asks)[number]);
    const view = await settledSource(daemon, id);
    const { total_tokens: billed } = await sandbox.usage(apiKey);
    expect(billed).toBe(Number(view.spent));
    expect(billed).toBeLessThanOrEqual(cap);
    expect(new Set(seen.map(({ status, code }) => `${status} ${code ?? ''}`.trim()))).toEqual(new Set(['200', '402 CAP_EXCEEDED']));
    await expectReceipts(served(seen), billed);
    expect(await wrongs(daemon)).toEqual([]);
  });
});

describe('two sources', () => {
  it('the second takes over exactly when the first is drained', async () => {
    const [first, second] = [await source('sk-race-first', 60), await source('sk-race-second', 40)];
    const { key } = await addKey(daemon, { sources: [first, second] });
    const seen = await together(key, CALLERS, () => FIXED);
    expect(served(seen)).toHaveLength(20);
    expect(await settledSource(daemon, first)).toMatchObject({ spent: '60', left: '0' });
    expect(await settledSource(daemon, second)).toMatchObject({ spent: '40', left: '0' });
    expect((await sandbox.usage('sk-race-first')).total_tokens).toBe(60);
    expect((await sandbox.usage('sk-race-second')).total_tokens).toBe(40);
  });
});

describe('two daemons on one data folder', () => {
  it('the second is refused by name, and the first does not notice', async () => {
    const second = startDaemon({ dir: daemon.dir, env: { TALLY_SANDBOX: '0' } });
    await expect(second).rejects.toThrow(/ended with 1: .*"code":"DATA_LOCKED".*Another process is using the data folder/s);
    expect((await fetch(`${daemon.url}/readyz`)).status).toBe(200);
    expect(await wrongs(daemon)).toEqual([]);
  });

  it('started at the same moment on an empty folder: one serves, the other is refused', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tally-test-'));
    const starts = await Promise.allSettled([startDaemon({ dir }), startDaemon({ dir })]);
    const running = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    try {
      expect(running).toHaveLength(1);
      expect(String((starts.find(({ status }) => status === 'rejected') as PromiseRejectedResult).reason)).toContain('DATA_LOCKED');
      const [one] = running as [TestDaemon];
      expect((await call(one.url, one.virtual_key as string, { model: 'sandbox-fixed-5' })).status).toBe(200);
    } finally {
      await Promise.all(running.map((one) => one.dispose()));
    }
    expect(existsSync(dir)).toBe(false);
  });
});
