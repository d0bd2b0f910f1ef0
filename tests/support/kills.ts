import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Ask, addKey, addSource, call, callUntilFinal, receiptOf, type Seen, settledSource, wrongs } from './calling.ts';
import { startDaemon, type TestDaemon } from './daemon.ts';
import { between, pick, seeded } from './random.ts';
import { type OwnSandbox, sandboxProcess } from './sandbox.ts';

const API_KEY = 'sk-killed-under-load';
const ENV = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'error' };

/** Models that bill no more than their limit; how they fail is their own affair. */
const MODELS = [
  'small',
  'fixed-5',
  'fixed-100',
  'slow',
  'slow-bytes',
  'long',
  'reasoning',
  'cached',
  'cut',
  'reset',
  'no-usage',
  'error',
  'garbage',
];

export type KillOptions = {
  readonly kills: number;
  readonly callers: number;
  readonly cap: number;
  readonly seed: number;
  /** Receipts looked up after each restart: the newest so many; 0 = all. */
  readonly receiptsMax: number;
};

/**
 * Kills the daemon again and again at random moments under load, and after each restart holds the books against the count that the
 * sandbox, which is never killed, has kept for itself. Ends at the cap. @returns what there was to see, for the test's own message.
 */
export async function killUnderLoad(options: KillOptions): Promise<{ answered: number; receipts: number; spent: number; billed: number }> {
  const random = seeded(options.seed);
  const sandbox = await sandboxProcess();
  let daemon = await startDaemon({ env: ENV });
  const { dir } = daemon;
  try {
    const id = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: API_KEY, cap: options.cap });
    const { key } = await addKey(daemon, { sources: [id] });
    const seen: Seen[] = [];
    for (let kill = 0; kill < options.kills; kill += 1) {
      const load = startLoad(daemon.url, key, options.callers, random, seen);
      await sleep(between(random, 30, 700));
      await daemon.stop('SIGKILL');
      await load.stop();
      daemon = await startDaemon({ dir, env: ENV });
      await expectSound(daemon, sandbox, id, options.cap);
      await expectReceipts(daemon, seen, options.receiptsMax);
    }
    await drain(daemon, key);
    await expectSound(daemon, sandbox, id, options.cap);
    const left = Number((await settledSource(daemon, id)).left);
    expect(left).toBeLessThan(5);
    expect(await daemon.stop()).toBe(0);
    const { spent, receipts } = expectBooks(dir, id);
    const billed = (await sandbox.usage(API_KEY)).total_tokens;
    expect(billed).toBeLessThanOrEqual(spent);
    expect(spent).toBeLessThanOrEqual(options.cap);
    return { answered: seen.filter(({ status }) => status === 200).length, receipts, spent, billed };
  } finally {
    await daemon.dispose();
    await sandbox.close();
  }
}

function startLoad(url: string, key: string, callers: number, random: () => number, seen: Seen[]): { stop(): Promise<void> } {
  let running = true;
  const caller = async () => {
    while (running) {
      const one = await call(url, key, randomAsk(random));
      if (one.status > 0) seen.push(one);
      if (one.status === 402) return;
      // The daemon is gone, or the cap is busy: no reason to spin.
      if (one.status === 0 || one.status === 429) await sleep(10);
    }
  };
  const all = Array.from({ length: callers }, caller);
  return {
    stop: async () => {
      running = false;
      await Promise.all(all);
    },
  };
}

function randomAsk(random: () => number): Ask {
  const responses = random() < 0.2;
  return {
    model: `sandbox-${pick(random, MODELS)}`,
    stream: random() < 0.5,
    max: between(random, 3, 120),
    content: 'word '.repeat(between(random, 1, 20)),
    ...(responses ? { endpoint: 'responses' as const } : {}),
  };
}

/** I1, I2, and that the postings, receipts, lanes and balances tell the same story. */
async function expectSound(daemon: TestDaemon, sandbox: OwnSandbox, id: string, cap: number): Promise<void> {
  const view = await settledSource(daemon, id);
  expect(view).toMatchObject({ state: 'active', held: '0', overrun: '0', limit: String(cap) });
  expect(Number(view.spent)).toBeLessThanOrEqual(cap);
  const { total_tokens: billed } = await sandbox.usage(API_KEY);
  expect(billed).toBeLessThanOrEqual(Number(view.spent));
  expect(await wrongs(daemon, 'doctor')).toEqual([]);
  const { body } = await daemon.admin<{ findings: { check: string; detail: string }[] }>('/doctor');
  expect(body.findings.find(({ check }) => check === 'open holds')?.detail).toBe('0 calls hold something now');
}

/** Whatever id a caller was shown, also one whose answer was cut by the kill, leads to a receipt that verifies. */
async function expectReceipts(daemon: TestDaemon, seen: readonly Seen[], receiptsMax: number): Promise<void> {
  const ids = seen.flatMap(({ receipt }) => (receipt === null ? [] : [receipt]));
  for (const id of ids.slice(-receiptsMax)) {
    const { receipt } = await receiptOf(daemon.url, id);
    expect(receipt.charged).toBeGreaterThanOrEqual(0n);
  }
}

/** Up to the cap: large bites first, then small ones, until what is left is less than the smallest call. */
async function drain(daemon: TestDaemon, key: string): Promise<void> {
  for (const ask of [
    { model: 'sandbox-long', max: 16_384 },
    { model: 'sandbox-long', max: 512 },
    { model: 'sandbox-fixed-100' },
    { model: 'sandbox-fixed-5' },
  ]) {
    let last = await callUntilFinal(daemon.url, key, ask);
    while (last.status === 200) last = await callUntilFinal(daemon.url, key, ask);
    expect(last).toMatchObject({ status: 402, code: 'CAP_EXCEEDED' });
  }
}

/** The same once more by another hand: plain SQL over the closed file. */
function expectBooks(dir: string, id: string): { spent: number; receipts: number } {
  const db = new DatabaseSync(join(dir, 'data', 'ledger.db'), { readOnly: true });
  try {
    const one = (sql: string, ...values: string[]) => db.prepare(sql).get(...values) as Record<string, number | string>;
    const lane = one('SELECT count(*) AS n, min(seq) AS low, max(seq) AS high FROM receipts');
    expect(lane).toMatchObject({ low: 1, n: lane['high'] });
    expect(one("SELECT count(*) AS n FROM holds WHERE state = 'open'")).toMatchObject({ n: 0 });
    const { spent } = one('SELECT spent FROM accounts WHERE account_id = ?', id) as { spent: number };
    expect(one('SELECT sum(charged) AS n FROM receipts WHERE source_id = ?', id)).toMatchObject({ n: spent });
    expect(one('SELECT sum(amount) AS n FROM postings WHERE account_id = ?', id)).toMatchObject({ n: spent });
    return { spent, receipts: lane['n'] as number };
  } finally {
    db.close();
  }
}
