/** Receipts are signed by group: one signature covers what was settled meanwhile, also when calls never pause. */

import { verifyBundle } from '@tallystick/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';

const CALLS = 240;

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon({ env: { TALLY_SANDBOX_CAP: '1000000' } });
});
afterAll(() => daemon.dispose());

async function call(): Promise<string> {
  const response = await fetch(`${daemon.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${daemon.virtual_key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sandbox-fixed-5', max_completion_tokens: 3, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  await response.arrayBuffer();
  return response.headers.get('x-tally-receipt') ?? '';
}

async function signed(id: string): Promise<{ group: { root: string; count: number } }> {
  for (let tries = 0; tries < 100; tries += 1) {
    const response = await fetch(`${daemon.url}/api/receipts/${id}`);
    if (response.status === 200) return (await response.json()) as { group: { root: string; count: number } };
    await response.arrayBuffer();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the receipt was never signed');
}

it('signs far fewer roots than receipts while calls follow one another without a pause', async () => {
  const ids: string[] = [];
  const begun = performance.now();
  const caller = async () => {
    while (ids.length < CALLS) ids.push(await call());
  };
  await Promise.all([caller(), caller(), caller(), caller()]);
  const elapsedMs = performance.now() - begun;
  const bundles = await Promise.all(ids.map(signed));
  for (const bundle of bundles) expect(verifyBundle(JSON.stringify(bundle)).ok).toBe(true);
  expect(new Set(bundles.map(({ group }) => group.root)).size).toBeLessThan(CALLS / 4 + elapsedMs / 60);
});

it('names its signer publicly, the same as its receipts do', async () => {
  const { signer } = (await (await fetch(`${daemon.url}/api/receipts/signer`)).json()) as { signer: string };
  const bundle = await signed(await call());
  expect(verifyBundle(JSON.stringify(bundle), { signer }).ok).toBe(true);
  expect(verifyBundle(JSON.stringify(bundle), { signer: `0x${'11'.repeat(20)}` }).ok).toBe(false);
});
