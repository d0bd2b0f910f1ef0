import { verifyInclusion } from '@tallystick/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Crash, giftOf, newDonor, openWorld, type Step, spend, type World } from '../testing.ts';
import type { StoredDonation } from './donation.ts';

const DAY_MS = 86_400_000;

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

/** The sandbox's cheapest call costs 5, and the call that tried the key is played for nothing. */
async function given(more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { credentials } = await newDonor(world);
  return (await world.donations.give(giftOf(world, { donated_tokens: 100, ...more }), credentials)).id;
}

const now = (id: string): Promise<StoredDonation> => world.donations.stores.donations.existing(id);
async function checked(id: string): Promise<StoredDonation> {
  await world.donations.check(id);
  return now(id);
}

/** Slot gone, file gone, nothing opens, and the log says so in an entry that is proven to stand in it. */
async function expectDestroyed(id: string): Promise<void> {
  const { state, value } = await now(id);
  expect(state).toBe('destroyed');
  expect([world.vault.has(id), world.served.has(id), (await world.ledger.account(id))?.state]).toEqual([false, false, 'destroyed']);
  const { destruction } = (await world.donations.view(await now(id))) as {
    destruction: { mode: string; proof: { line: string; index: number; size: number; path: string[]; root: string } };
  };
  expect(destruction).toMatchObject({ mode: 'shreddable', audit_seq: value.destruction?.auditSeq });
  expect(JSON.parse(destruction.proof.line)).toMatchObject({ kind: 'secret.destroyed', subject: id, data: { mode: 'shreddable' } });
  expect(verifyInclusion(Buffer.from(destruction.proof.line), destruction.proof)).toBe(true);
  expect(await world.donations.stores.keys.get(value.keyMac)).toBeNull();
}

describe('a donation ends', () => {
  it('depleted, at once when no call of any model fits any more', async () => {
    const id = await given();
    await spend(world, id, 95n, 95n);
    expect((await checked(id)).state).toBe('active');
    await spend(world, id, 5n, 1n);
    expect((await checked(id)).value.end).toMatchObject({ as: 'depleted', by: 'pool' });
    await expectDestroyed(id);
  });

  it('exhausted where calls of unknown outcome used it up: at once, unless its donor has it kept', async () => {
    const id = await given();
    await spend(world, id, 60n, 40n);
    await spend(world, id, 58n, 'burned');
    expect((await checked(id)).value.end).toMatchObject({ as: 'exhausted' });
    await expectDestroyed(id);

    const kept = await given({ keep_exhausted_days: 2 });
    await spend(world, kept, 60n, 40n);
    await spend(world, kept, 58n, 'burned');
    expect((await checked(kept)).state).toBe('exhausted');
    expect([world.vault.has(kept), (await world.ledger.account(kept))?.state]).toEqual([true, 'active']);
    world.clock.advance(2 * DAY_MS - 1);
    expect((await checked(kept)).state).toBe('exhausted');
    world.clock.advance(1);
    await checked(kept);
    await expectDestroyed(kept);
  });

  it('no more, where reconciling has given back what was used up for nothing', async () => {
    const id = await given({ keep_exhausted_days: 2 });
    await spend(world, id, 98n, 'burned');
    expect((await checked(id)).state).toBe('exhausted');
    const at = world.clock.wallMs();
    const HOUR = 3_600_000;
    world.clock.advance(3 * HOUR);
    await world.ledger.reconcile({
      ...{ sourceId: id, from: at - HOUR, to: at + HOUR, lagMs: HOUR, edgeMs: 1, resume: false, providerTotal: 0n, returnMax: 98n },
      ...{ exportHash: 'e'.repeat(64), keyRef: '', consent: '' },
    });
    expect(await checked(id)).toMatchObject({ state: 'active', value: { end: null } });
    await spend(world, id, 50n, 7n);
  });

  it('by its expiry, when no call is open any more', async () => {
    const id = await given({ expires_at: world.clock.wallMs() + 120_000 });
    world.clock.advance(119_999);
    expect((await checked(id)).state).toBe('active');
    world.clock.advance(1);
    await checked(id);
    expect((await now(id)).value.end).toMatchObject({ as: 'expired' });
    await expectDestroyed(id);
  });

  it('by an expiry that its donor has brought forward', async () => {
    const id = await given();
    const expiry = world.clock.wallMs() + 5_000;
    await world.donations.life.lower(id, { limit: 100n, expiry, seq: null, signature: null });
    world.clock.advance(5_000);
    await checked(id);
    await expectDestroyed(id);
  });

  it('by its donor, whatever state it is in, and only once', async () => {
    const { life } = world.donations;
    const [active, paused, kept] = [await given(), await given(), await given({ keep_exhausted_days: 9 })];
    await life.pause(paused, 'operator');
    await spend(world, kept, 98n, 'burned');
    await checked(kept);
    for (const id of [active, paused, kept]) {
      await life.revoke(id, 'donor', 'not any more');
      await expectDestroyed(id);
      expect((await now(id)).value.end).toMatchObject({ as: 'revoked', by: 'donor' });
      await life.revoke(id, 'operator', 'again');
      expect((await now(id)).value.end).toMatchObject({ by: 'donor' });
      await expect(life.pause(id, 'donor')).rejects.toMatchObject({ code: 'STATE_INVALID' });
    }
  });

  it('where the operator destroyed its source', async () => {
    const id = await given();
    await world.ledger.setState(id, 'destroyed', 'leaked');
    await checked(id);
    await expectDestroyed(id);
    expect((await now(id)).value.end).toMatchObject({ as: 'revoked', by: 'operator', reason: 'leaked' });
  });

  it('not while the ledger has it frozen: its calls are looked into first', async () => {
    const id = await given();
    await spend(world, id, 98n, 120n);
    expect(await world.ledger.account(id)).toMatchObject({ state: 'frozen' });
    expect((await checked(id)).state).toBe('active');
    expect((await world.donations.view(await now(id)))['state']).toBe('frozen');
    await world.donations.life.revoke(id, 'donor', 'enough');
    await expectDestroyed(id);
  });
});

describe('a pause', () => {
  it('is taken back only by who made it', async () => {
    const id = await given();
    const { life } = world.donations;
    const state = async () => [(await now(id)).state, (await world.ledger.account(id))?.state];
    await life.pause(id, 'donor');
    await life.pause(id, 'operator');
    await life.resume(id, 'donor');
    expect(await state()).toEqual(['paused', 'paused']);
    await life.resume(id, 'operator');
    expect(await state()).toEqual(['active', 'active']);
    await life.pause(id, 'donor');
    await life.resume(id, 'operator');
    expect(await state()).toEqual(['paused', 'paused']);
  });

  it('that did not reach the books before a crash is made good', async () => {
    const id = await given();
    world.state.crashAt = 'set state';
    await expect(world.donations.life.pause(id, 'donor')).rejects.toThrow(Crash);
    await world.ledger.setState(id, 'active', 'as if it had never come');
    await (await world.restart()).start();
    expect((await world.ledger.account(id))?.state).toBe('paused');
  });
});

describe('a crash while a key is destroyed', () => {
  it.each<Step>(['set state', 'shred', 'checkpoint'])('at %s is finished at the next start', async (step) => {
    const id = await given();
    world.state.crashAt = step;
    await expect(world.donations.life.revoke(id, 'donor', 'now')).rejects.toThrow(Crash);
    await (await world.restart()).start();
    await expectDestroyed(id);
  });
});

describe('looking after', () => {
  it('follows settlements: what a call has used up is destroyed without being asked for', async () => {
    const id = await given();
    await world.donations.start();
    await spend(world, id, 98n, 98n);
    world.donations.notify();
    await expect.poll(async () => (await now(id)).state).toBe('destroyed');
  });

  it('forgets nonces only when nobody could use them again', async () => {
    const { ledger } = world;
    await ledger.writeRecords([
      { kind: 'pool.nonce', id: 'a', rev: 0n, state: 'used', body: JSON.stringify({ deadline: world.clock.wallMs() }) },
    ]);
    await world.donations.start();
    expect(await ledger.record('pool.nonce', 'a')).not.toBeNull();
    world.clock.advance(DAY_MS + 1);
    await (await world.restart()).start();
    expect(await world.ledger.record('pool.nonce', 'a')).toBeNull();
  });
});
