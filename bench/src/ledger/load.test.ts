import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Books } from './engine.ts';
import { ENGINE_NAMES, engineOf } from './engines.ts';
import { drive } from './load.ts';
import { newAccounts } from './requests.ts';

describe.each(ENGINE_NAMES)('load on %s', (name) => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tally-bench-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('leaves books behind that agree, with a receipt for each pair and no hold open', async () => {
    const ledger = await engineOf(name).openLedger(folder);
    await Promise.all(newAccounts().map(ledger.openAccount));
    await drive(ledger, { clients: 8, spread: 'cold', pairs: 60 });
    const { hold, pairsPerSecond } = await drive(ledger, { clients: 3, spread: 'hot', pairs: 40 });
    expect(hold.p50).toBeLessThanOrEqual(hold.p99);
    expect(pairsPerSecond).toBeGreaterThan(0);
    const lane = await ledger.lane();
    expect([lane.nextSeq, await ledger.openHolds(1), await ledger.verify()]).toEqual([101n, [], []]);
    await ledger.close();
    // A server's files are not in the folder.
    if (name !== 'postgres') expect(engineOf(name).sizeOf(folder)).toBeGreaterThan(100 * 1000);
  });

  it('drives the bare loop by the same calls, and notices one that does not commit', async () => {
    const bare = await engineOf(name).openBare(folder);
    await drive(bare, { clients: 8, spread: 'hot', pairs: 50 });
    const refuses: Books = { ...bare, hold: async () => ({ result: 'refused' }) };
    await expect(drive(refuses, { clients: 1, spread: 'hot', pairs: 1 })).rejects.toThrow('refused');
    expect(await bare.settle({ ...SETTLE, holdId: 'nobody' })).toEqual({ result: 'unknown' });
    await bare.close();
  });
});

const SETTLE = {
  outcome: 'metered',
  tokens: 1n,
  credits: 0n,
  lines: [],
  endedAt: 1,
  responseHash: '0x00',
  detail: {},
} as const;
