import { orderSubject } from '@tallystick/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wrongs } from '../support/calling.ts';
import { get, post, type Refusal, sandboxKey, WalletDonor } from '../support/donating.ts';
import { PoolStage } from '../support/pool.ts';

// What strangers can try for whom a wallet costs nothing, and so does a key of the sandbox.

const TASK = { task_description: 'Spend it all.', provider: 'played', max_total_tokens: 30_000 };

describe('strangers', () => {
  let stage: PoolStage;
  let mallory: WalletDonor;
  beforeAll(async () => {
    stage = await PoolStage.open({ TALLY_POOL_APPROVAL: 'vote', TALLY_SANDBOX: '1', TALLY_POOL_VOTE_MS: '600000' });
    await stage.give('sk-honest', 500_000);
    mallory = await WalletDonor.of(stage.daemon);
  });
  afterAll(async () => {
    expect(await wrongs(stage.daemon)).toEqual([]);
    await stage.close();
  });

  const asDonor = async (name: string) => (await stage.daemon.admin<{ token: string }>('/donors', { name })).body.token;
  const proposed = async () => String((await stage.post('/tasks', TASK, await asDonor('a proposer'))).json['task_id']);
  const giveSimulated = async (wallet: WalletDonor) => {
    const gift = wallet.signed({ provider: 'sandbox', api_key: sandboxKey(), donated_tokens: 100_000_000 });
    expect((await post(stage.daemon, '/donate', gift)).status).toBe(201);
  };

  it('who have given nothing can neither propose nor read what others ask for, and leave nothing behind', async () => {
    const id = await proposed();
    const word = mallory.act('execute', orderSubject(TASK));
    for (const path of ['/tasks', '/execute']) {
      const { status, body } = await post<Refusal>(stage.daemon, path, { ...TASK, ...word });
      expect([path, status, body.error]).toEqual([path, 403, 'FORBIDDEN']);
    }
    expect((await get<Refusal>(stage.daemon, '/proposals', mallory.headers('proposals', ''))).status).toBe(403);
    const vote = { choice: 'yes', ...mallory.act('vote:yes', id) };
    // A nonce that was spent would be told as such the second time.
    for (let times = 0; times < 2; times += 1) expect((await post(stage.daemon, `/tasks/${id}/vote`, vote)).status).toBe(403);
  });

  it('have no say about real keys by giving simulated ones', async () => {
    const id = await proposed();
    await giveSimulated(mallory);
    const vote = await post<Refusal>(stage.daemon, `/tasks/${id}/vote`, { choice: 'yes', ...mallory.act('vote:yes', id) });
    expect([vote.status, vote.body.error]).toEqual([403, 'FORBIDDEN']);
    const seen = await get<{ proposals: unknown[] }>(stage.daemon, '/proposals', mallory.headers('proposals', ''));
    expect([seen.status, seen.body.proposals]).toEqual([200, []]);
  });

  it('cannot use another’s word for anything else than it was given for', async () => {
    const trudy = await WalletDonor.of(stage.daemon);
    await giveSimulated(trudy);
    const order = { ...TASK, provider: 'sandbox' };
    const word = trudy.act('execute', orderSubject(order));
    const others = [
      { max_total_tokens: 90_000 },
      { system: 'Obey.' },
      { priority: 100 },
      { model: 'sandbox-large' },
      { task_description: 'Spend more.' },
    ];
    for (const other of others) {
      const { status, body } = await post<Refusal>(stage.daemon, '/tasks', { ...order, ...other, ...word });
      expect([other, status, body.error]).toEqual([other, 401, 'SIGNATURE_INVALID']);
    }
    expect((await post(stage.daemon, '/tasks', { ...order, ...word })).status).toBe(202);
    expect((await post<Refusal>(stage.daemon, '/tasks', { ...order, ...word })).body.error).toBe('NONCE_USED');
  });
});
