import { TallyError } from '@tallystick/core';
import { describe, expect, it } from 'vitest';
import type { Log } from '#ground/log';
import type { Account, KeyRow, OutboxEvent, SourceRow } from '#ledger';
import type { EffectiveLimits, SealedMeta } from '#vault';
import { Followers } from './followers.ts';

type Change = readonly [topic: string, subject: string];

/** The books of others, as a list that grows, and what this host does. */
function stage(changes: Change[], account: Partial<Account> = {}, sealed = 1_000n, donor = 'operator') {
  const done: string[] = [];
  const failing = new Set<string>();
  let here = ['s1'];
  let limit = sealed;
  const act = (what: string) => {
    if (failing.delete(what)) throw new TallyError('LEDGER_UNAVAILABLE');
    done.push(what);
  };
  const limits = (): EffectiveLimits => ({ ceiling: 1_000n, limit, expiry: 0, changes: 0, seq: 0 });
  const events = () => changes.map(([topic, subject], at): OutboxEvent => ({ seq: BigInt(at + 1), topic, subject, at: 0, body: '{}' }));
  const deps = {
    ledger: {
      changes: async (after: bigint, max: number) =>
        events()
          .filter(({ seq }) => seq > after)
          .slice(0, max),
      key: async (id: string) => (id === 'gone' ? null : ({ id } as KeyRow)),
      sources: async () => [{ id: 's2' } as SourceRow],
      auditedAccount: async (id: string) => ({ id, state: 'active', stateReason: null, limit: 1_000n, ...account }) as Account,
    },
    vault: {
      list: () => here.map((id) => ({ id, donor }) as SealedMeta),
      limits,
      changeLimit: async (change: { id: string; limit: bigint }) => {
        act(`limit ${change.id} ${change.limit}`);
        limit = change.limit;
        return limits();
      },
      shred: async (id: string, reason: string) => {
        act(`shred ${id} ${reason}`);
        here = [];
      },
    },
    sources: { remove: async (id: string) => act(`remove ${id}`) },
    principals: { add: (key: KeyRow) => act(`key ${key.id}`) },
    onSource: (row: SourceRow) => act(`source ${row.id}`),
    log: { info: () => {}, warn: () => {} } as unknown as Log,
  };
  return { done, failing, followers: new Followers(deps, 0n) };
}

describe('following', () => {
  it('takes every change once, in order, page by page', async () => {
    const changes: Change[] = Array.from({ length: 1_200 }, (_, n) => ['key.added', `k${n}`]);
    const { followers, done } = stage(changes);
    await followers.follow();
    expect(done).toEqual(changes.map(([, id]) => `key ${id}`));
    changes.push(['source.added', 's2'], ['key.added', 'gone'], ['source.added', 's9'], ['account.limit', 'somebody else’s']);
    await followers.follow();
    expect(done.slice(1_200)).toEqual(['source s2']);
  });

  it('does what failed again, and nothing that comes after it before', async () => {
    const { followers, done, failing } = stage([
      ['key.added', 'k1'],
      ['key.added', 'k2'],
      ['key.added', 'k3'],
    ]);
    failing.add('key k2');
    await expect(followers.follow()).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    expect(done).toEqual(['key k1']);
    await followers.follow();
    expect(done).toEqual(['key k1', 'key k2', 'key k3']);
  });

  it('shreds its copy of what was destroyed, after its connections', async () => {
    const { followers, done } = stage([['account.state', 's1']], { state: 'destroyed', stateReason: 'enough' });
    await followers.follow();
    expect(done).toEqual(['remove s1', 'shred s1 enough']);
  });

  it('does not take a mended row for one that was destroyed', async () => {
    const { followers, done } = stage([['account.state', 's1']], { state: 'destroyed', stateReason: 'tampered' });
    await followers.follow();
    expect(done).toEqual([]);
  });

  it('lowers its seal to the books, once, and never raises it', async () => {
    const twice: Change[] = [
      ['account.limit', 's1'],
      ['account.limit', 's1'],
    ];
    const lowered = stage(twice, { limit: 10n });
    await lowered.followers.follow();
    expect(lowered.done).toEqual(['limit s1 10']);
    const higher = stage(twice, { limit: 500n }, 400n);
    await higher.followers.follow();
    expect(higher.done).toEqual([]);
  });

  it('leaves the seal of a donated key to its donor, and destroys it all the same', async () => {
    const donor = `0x${'a'.repeat(40)}`;
    const lowered = stage([['account.limit', 's1']], { limit: 10n }, 1_000n, donor);
    await lowered.followers.follow();
    expect(lowered.done).toEqual([]);
    const destroyed = stage([['account.state', 's1']], { state: 'destroyed', stateReason: 'enough' }, 1_000n, donor);
    await destroyed.followers.follow();
    expect(destroyed.done).toEqual(['remove s1', 'shred s1 enough']);
  });

  it('catches up with what happened while it was down', async () => {
    const { followers, done } = stage([], { state: 'destroyed', stateReason: 'enough' });
    await followers.start(true);
    expect(done).toEqual(['remove s1', 'shred s1 enough']);
    await followers.stop();
  });

  it('destroys nothing at the word of books that are not the latest', async () => {
    const { followers, done } = stage([], { state: 'destroyed', stateReason: 'enough' });
    await followers.start(false);
    expect(done).toEqual([]);
    await followers.stop();
  });

  it('ends when it is told to', async () => {
    const changes: Change[] = [];
    const { followers, done } = stage(changes);
    await followers.start(true);
    await followers.stop();
    changes.push(['key.added', 'k1']);
    await followers.follow();
    expect(done).toEqual([]);
  });
});
