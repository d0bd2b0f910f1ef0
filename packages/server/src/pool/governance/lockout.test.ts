import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLog } from '#ground/log';
import { POOL_GATE, providerGate, UNLOCKED_GATE } from '#ledger';
import { configuredLaunch, FirstStart } from './launch.ts';
import { LOCKOUT_MS, Lockout } from './lockout.ts';
import { readScope, scopeText } from './scopes.ts';
import { Stops } from './stops.ts';
import { openStage, type Stage } from './testing.ts';

const DAY = 86_400_000;

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

type Setting = { readonly launchedAt?: number; readonly override?: boolean };

async function start({ launchedAt, override = false }: Setting = {}): Promise<Lockout> {
  const { ledger, vault, clock } = stage;
  const now = () => clock.wallMs();
  const launch = launchedAt === undefined ? new FirstStart(ledger, now) : configuredLaunch(launchedAt);
  const isConfigured = launchedAt !== undefined;
  const lockout = new Lockout({ ledger, vault, launch, isConfigured, override, grantMs: now, log: openLog('silent') });
  await lockout.start();
  return lockout;
}

const gate = async (id: string) => {
  const account = await stage.ledger.account(id);
  return account === null ? null : { state: account.state, opensAt: account.opensAt };
};

describe('the launch', () => {
  it('is the first start where nobody says otherwise, and stays that', async () => {
    const { ledger, clock } = stage;
    const now = () => clock.wallMs();
    const first = clock.wallMs();
    expect(await Promise.all([1, 2, 3].map(() => new FirstStart(ledger, now).launchedAt()))).toEqual([first, first, first]);
    clock.advance(DAY);
    expect(await new FirstStart(ledger, now).launchedAt()).toBe(first);
  });
});

describe('the lockout', () => {
  it('is 90 days from the launch, in the gate itself, and ends by itself', async () => {
    const { clock, audited } = stage;
    const launchedAt = clock.wallMs();
    const lockout = await start();
    const unlocksAt = launchedAt + LOCKOUT_MS;
    expect(await gate(POOL_GATE)).toEqual({ state: 'active', opensAt: unlocksAt });
    expect(lockout.view()).toEqual({ locked: true, launchedAt, unlocksAt, override: false });
    clock.advance(90 * DAY - 1);
    expect(lockout.view().locked).toBe(true);
    clock.advance(1);
    expect(lockout.view().locked).toBe(false);
    expect((await start()).view()).toEqual({ locked: false, launchedAt, unlocksAt, override: false });
    expect(audited.map(({ kind }) => kind)).toEqual(['pool.launched']);
  });

  it('only ever moves later: a date that would shorten it is refused', async () => {
    const { clock, audited } = stage;
    const launchedAt = clock.wallMs() - 30 * DAY;
    await start({ launchedAt });
    await expect(start({ launchedAt: launchedAt - 1 })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(new Date(launchedAt).toISOString()),
    });
    await start({ launchedAt });
    const later = launchedAt + 5 * DAY;
    expect((await start({ launchedAt: later })).view().unlocksAt).toBe(later + LOCKOUT_MS);
    expect(await gate(POOL_GATE)).toMatchObject({ opensAt: later + LOCKOUT_MS });
    await expect(start({ launchedAt })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(audited.map(({ kind }) => kind)).toEqual(['pool.launched', 'pool.launch_moved']);
  });

  it('stays where it was when the setting is left out again', async () => {
    const launchedAt = stage.clock.wallMs() + 100 * DAY;
    await start({ launchedAt });
    expect((await start()).view().unlocksAt).toBe(launchedAt + LOCKOUT_MS);
  });

  it('is overridden by another gate: its own stays as it is, and the other is shut at the next start', async () => {
    const opensAt = stage.clock.wallMs() + LOCKOUT_MS;
    const overridden = await start({ override: true });
    expect(overridden.view()).toMatchObject({ locked: false, override: true, unlocksAt: opensAt });
    expect([await gate(POOL_GATE), await gate(UNLOCKED_GATE)]).toEqual([
      { state: 'active', opensAt },
      { state: 'active', opensAt: null },
    ]);
    await start();
    expect([await gate(POOL_GATE), await gate(UNLOCKED_GATE)]).toEqual([
      { state: 'active', opensAt },
      { state: 'paused', opensAt: null },
    ]);
    await start({ override: true });
    expect((await gate(UNLOCKED_GATE))?.state).toBe('active');
  });
});

describe('an emergency stop', () => {
  const keys: string[] = [];
  const stops = () =>
    new Stops({
      ...stage,
      keys: {
        stop: async (id, reason) => void keys.push(`stop ${id}: ${reason}`),
        start: async (id, reason) => void keys.push(`start ${id}: ${reason}`),
      },
    });

  it('of the pool shuts its gates until it is ended', async () => {
    await start({ override: true });
    await stops().stop({ of: 'pool' }, 'odd bills', 'operator');
    expect([(await gate(POOL_GATE))?.state, (await gate(UNLOCKED_GATE))?.state]).toEqual(['paused', 'paused']);
    expect(await stops().view()).toEqual([{ scope: 'pool', stopped: true, reason: 'odd bills' }]);
    await stops().start({ of: 'pool' }, 'looked at', 'operator');
    expect([(await gate(POOL_GATE))?.state, (await gate(UNLOCKED_GATE))?.state]).toEqual(['active', 'active']);
    expect(stage.audited.slice(-2)).toEqual([
      { kind: 'pool.stop', subject: 'pool', data: { reason: 'odd bills', by: 'operator' } },
      { kind: 'pool.start', subject: 'pool', data: { reason: 'looked at', by: 'operator' } },
    ]);
  });

  it('outlives restarts, and an override does not get around it, nor does its end open an override that is off', async () => {
    await start({ override: true });
    await start();
    await stops().stop({ of: 'pool' }, 'odd bills', 'operator');
    await start({ override: true });
    expect((await gate(UNLOCKED_GATE))?.state).toBe('paused');
    await start();
    await stops().start({ of: 'pool' }, 'looked at', 'operator');
    expect([(await gate(POOL_GATE))?.state, (await gate(UNLOCKED_GATE))?.state]).toEqual(['active', 'paused']);
  });

  it('of a provider shuts that provider alone; of a key is its own part’s matter', async () => {
    await start();
    await expect(stops().stop({ of: 'provider', provider: 'nobody' }, 'x', 'operator')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const opened = { id: providerGate('anthropic'), kind: 'group', tenantId: 'operator', asset: 'tokens', ceiling: 1n, limit: 1n } as const;
    await stage.ledger.openAccount(opened);
    await stops().stop({ of: 'provider', provider: 'anthropic' }, 'outage', 'guardian:g');
    expect(await stops().view()).toEqual([
      { scope: 'pool', stopped: false, reason: null },
      { scope: 'provider:anthropic', stopped: true, reason: 'outage' },
    ]);
    await stops().stop({ of: 'key', id: 'k1' }, 'leaked', 'operator');
    await stops().start({ of: 'key', id: 'k1' }, 'changed', 'operator');
    expect(keys).toEqual(['stop k1: leaked', 'start k1: changed']);
  });

  it('has a scope that reads back, and no other', () => {
    for (const text of ['pool', 'provider:groq', 'key:019a0000-0000-7000-8000-000000000001']) expect(scopeText(readScope(text))).toBe(text);
    for (const text of ['', 'all', 'provider:', 'provider:a/b', 'key', 'pool:x', 'provider:unlocked/../pool']) {
      expect(() => readScope(text)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
    }
  });
});
