import { addressOfSecretKey, fromHex, type Hex, signDigest, verifyBreach } from '@tallystick/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLog } from '#ground/log';
import { gateAccount, type OutboxEvent, POOL_GATE, providerGate, type SourceRow } from '#ledger';
import { Breaches } from './breaches.ts';
import { OutboxFollower } from './outbox-follower.ts';
import { Stops } from './stops.ts';
import { Crash, crashing, openStage, type Stage } from './testing.ts';

const KEY = fromHex(`0x${'42'.repeat(32)}`);
const SIGNER = addressOfSecretKey(KEY);
const sign = (digest: Hex) => ({ signature: signDigest(digest, KEY), signer: SIGNER });
const SOURCE: SourceRow = {
  id: 'gift-1',
  name: 'gift',
  provider: 'openai-compatible',
  baseUrl: 'https://api.groq.example/v1',
  mode: 0,
  settle: 'metered',
  countConsent: false,
  models: '{}',
  tariff: '[]',
  createdAt: 0,
  pool: true,
  groups: [POOL_GATE, providerGate('groq')],
  minutesAccountId: null,
};

/** As the ledger writes it. */
function overrun(seq: bigint, subject = SOURCE.id, hold = `hold-${seq}`): OutboxEvent {
  const sums = { held: '1000', actual: '1234', excess: '234', spent: '41000', overrun: '234', limit: '500000', head: 'cd'.repeat(32) };
  const body = JSON.stringify({ holdId: hold, receiptId: 'ab'.repeat(16), ...sums });
  return { seq, topic: 'source.overrun', subject, at: 1_800_000_000_000, body };
}

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
  await stage.ledger.openAccount(gateAccount(POOL_GATE));
});
afterEach(() => stage.close());

const rows = async () => [SOURCE, { ...SOURCE, id: 'own', pool: false, groups: [] }];
const keys = { stop: async () => {}, start: async () => {} };

function breaches(policy: 'stop' | 'freeze' = 'stop', { ledger, vault }: Pick<Stage, 'ledger' | 'vault'> = stage): Breaches {
  const stops = new Stops({ ledger, vault, keys });
  return new Breaches({ ledger: { ...ledger, sources: rows }, vault, stops, sign, policy });
}

const stateOfPool = async () => (await stage.ledger.account(POOL_GATE))?.state;
const kinds = () => stage.audited.map(({ kind }) => kind);

describe('a breach', () => {
  it('stops the pool and leaves evidence that anyone verifies', async () => {
    await breaches().take(overrun(7n));
    expect(await stateOfPool()).toBe('paused');
    const [view] = await breaches().list(10);
    expect(view).toMatchObject({
      stopped: true,
      filed: true,
      evidence: { source_id: 'gift-1', provider: 'groq', bound: '1000', excess: '234' },
    });
    const { evidence, signature, signer } = view ?? {};
    expect(verifyBreach({ evidence, signature, signer }, SIGNER).ok).toBe(true);
    expect(kinds()).toEqual(['pool.stop', 'pool.breach']);
    expect(stage.audited[1]).toMatchObject({ subject: 'gift-1', data: { hold_id: 'hold-7', excess: '234', signature } });
  });

  it('is filed once, and does not stop again what the operator has started', async () => {
    await breaches().take(overrun(7n));
    await new Stops({ ...stage, keys }).start({ of: 'pool' }, 'looked at', 'operator');
    await breaches().take(overrun(7n));
    expect([await stateOfPool(), kinds()]).toEqual(['active', ['pool.stop', 'pool.breach', 'pool.start']]);
    await breaches().take(overrun(8n));
    expect([await stateOfPool(), (await breaches().list(10)).length]).toEqual(['paused', 2]);
  });

  it('stops the key alone where the operator chose so', async () => {
    await breaches('freeze').take(overrun(7n));
    expect([await stateOfPool(), kinds()]).toEqual(['active', ['pool.breach']]);
    expect(await breaches().list(10)).toMatchObject([{ stopped: false, filed: true }]);
  });

  it('is of donated keys only', async () => {
    await breaches().take(overrun(7n, 'own'));
    await breaches().take(overrun(8n, 'gone'));
    expect([await stateOfPool(), kinds()]).toEqual(['active', []]);
  });

  it('that a crash cut short anywhere is stopped and filed by the next start, with one audit entry', async () => {
    for (let survives = 0; ; survives += 1) {
      const event = overrun(BigInt(survives), SOURCE.id, `hold-c${survives}`);
      await stage.ledger.setState(POOL_GATE, 'active', 'next round');
      stage.audited.length = 0;
      const fuse = { survives };
      const half = {
        ledger: crashing(stage.ledger, ['setState', 'writeRecords'], fuse),
        vault: crashing(stage.vault, ['audit'], fuse),
      };
      const outcome = await breaches('stop', half)
        .take(event)
        .then(
          () => 'done',
          (error: unknown) => (error instanceof Crash ? 'crashed' : String(error)),
        );
      await breaches().take(event);
      expect(await stateOfPool()).toBe('paused');
      expect((await breaches().list(100)).filter(({ evidence }) => evidence.hold_id === `hold-c${survives}`)).toMatchObject([
        { filed: true },
      ]);
      expect(kinds().filter((kind) => kind === 'pool.breach')).toEqual(['pool.breach']);
      if (outcome === 'done') return expect(survives).toBeGreaterThan(3);
      expect(outcome).toBe('crashed');
    }
  });
});

describe('the outbox', () => {
  const events = Array.from({ length: 1_203 }, (_, i) => overrun(BigInt(i + 1)));
  const outbox = async (after: bigint, limit: number) => events.filter(({ seq }) => seq > after).slice(0, limit);
  const follower = (take: (event: OutboxEvent) => Promise<void>, name = 'test') =>
    new OutboxFollower({ ledger: { ...stage.ledger, outbox }, name, take, log: openLog('silent') });

  it('is followed from where the last start ended', async () => {
    const seen: bigint[] = [];
    const first = follower(async ({ seq }) => void seen.push(seq));
    await first.follow();
    await first.stop();
    expect(seen).toEqual(events.map(({ seq }) => seq));
    const second = follower(async ({ seq }) => void seen.push(seq));
    await second.start();
    await second.stop();
    expect(seen).toHaveLength(events.length);
  });

  it('gives an event again that could not be taken, before any later one', async () => {
    const seen: bigint[] = [];
    let failures = 2;
    const followed = follower(async ({ seq }) => {
      if (seq === 600n && failures-- > 0) throw new Error('away');
      seen.push(seq);
    });
    for (const _ of [1, 2]) await expect(followed.follow()).rejects.toThrow('away');
    await followed.follow();
    expect(seen).toEqual(events.map(({ seq }) => seq));
    await followed.stop();
  });

  it('is not read backwards by a host that is behind', async () => {
    const ahead = follower(async () => {});
    await ahead.follow();
    await ahead.stop();
    const behind = follower(async ({ seq }) => {
      if (seq === 5n) throw new Error('away');
    });
    await expect(behind.follow()).rejects.toThrow('away');
    await behind.stop();
    const seen: bigint[] = [];
    const next = follower(async ({ seq }) => void seen.push(seq));
    await next.start();
    await next.follow();
    await next.stop();
    expect(seen).toEqual([]);
  });
});
