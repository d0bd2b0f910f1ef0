import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, addSource, call, receiptOf, type Seen, settledSource, wrongs } from '../support/calling.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { between, pick, seeded } from '../support/random.ts';
import { type OwnSandbox, sandboxProcess } from '../support/sandbox.ts';
import { allUp, FRESH, readiness, workersOf } from '../support/workers.ts';

const ENV = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'error', TALLY_WORKERS: '4' };
const API_KEY = 'sk-workers-long';
const MODELS = ['fixed-5', 'fixed-100', 'slow', 'slow-bytes', 'reasoning', 'cut', 'reset', 'no-usage', 'error'];

let sandbox: OwnSandbox;
let daemon: TestDaemon;
let id: string;
let key: string;

beforeAll(async () => {
  [sandbox, daemon] = await Promise.all([sandboxProcess(), startDaemon({ env: ENV })]);
  id = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: API_KEY, cap: 5_000_000 });
  ({ key } = await addKey(daemon, { sources: [id] }));
});

afterAll(async () => {
  await daemon?.dispose();
  await sandbox?.close();
});

async function expectSound(): Promise<void> {
  const { spent } = await settledSource(daemon, id);
  const { total_tokens: billed } = await sandbox.usage(API_KEY);
  expect(billed).toBeLessThanOrEqual(Number(spent));
  expect(await wrongs(daemon, 'doctor')).toEqual([]);
}

describe('four workers under load', () => {
  it('killed 20 times at random: no overspend, no open hold, every receipt verifies, and each is started again', async () => {
    const random = seeded(20_260_508);
    const seen: Seen[] = [];
    let running = true;
    const load = Array.from({ length: 24 }, async () => {
      while (running) {
        const ask = { model: `sandbox-${pick(random, MODELS)}`, stream: random() < 0.5, max: between(random, 3, 60), headers: FRESH };
        const one = await call(daemon.url, key, ask);
        seen.push(one);
        if (one.status === 0) await sleep(20);
      }
    });
    for (let kill = 1; kill <= 20; kill += 1) {
      await sleep(between(random, 20, 600));
      const all = workersOf(daemon);
      if (all.length > 0) process.kill(pick(random, all), 'SIGKILL');
    }
    running = false;
    await Promise.all(load);
    await allUp(daemon, (await readiness(daemon)).restarts);
    await expectSound();
    const receipts = seen.flatMap(({ receipt }) => (receipt === null ? [] : [receipt]));
    expect(receipts.length).toBeGreaterThan(100);
    for (const shown of receipts.slice(-1_000)) await receiptOf(daemon.url, shown);
  });

  it('one of them standing still: an operator’s change does not wait for it for ever, and its calls are spent', async () => {
    const { restarts } = await readiness(daemon);
    const hanging = Array.from({ length: 8 }, () => call(daemon.url, key, { model: 'sandbox-hang', max: 20, headers: FRESH }));
    await sleep(500);
    const [still] = workersOf(daemon);
    process.kill(still as number, 'SIGSTOP');
    const added = await addKey(daemon, { sources: [id] });
    expect((await call(daemon.url, added.key, { model: 'sandbox-fixed-5', headers: FRESH })).status).toBe(200);
    await allUp(daemon, restarts + 1);
    expect(await daemon.stop()).toBe(0);
    await Promise.all(hanging);
    daemon = await startDaemon({ dir: daemon.dir, env: ENV });
    await expectSound();
  });
});
