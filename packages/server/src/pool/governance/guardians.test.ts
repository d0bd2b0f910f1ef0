import { afterEach, beforeEach, expect, it } from 'vitest';
import { Guardians } from './guardians.ts';
import { openStage, type Stage } from './testing.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

it('a guardian is known by its token, which is kept nowhere, until it is revoked', async () => {
  const guardians = new Guardians(stage);
  const { id, token, hint } = await guardians.create('night watch');
  stage.clock.advance(1);
  const other = await guardians.create('day watch');
  expect(token).toMatch(/^gd_[A-Za-z0-9_-]{43}$/);
  expect(await new Guardians(stage).identify(token)).toBe(id);
  expect(await guardians.identify(other.token)).toBe(other.id);
  expect((await guardians.list()).map(({ name, state }) => [name, state])).toEqual([
    ['night watch', 'active'],
    ['day watch', 'active'],
  ]);
  for (const wrong of ['', token.slice(0, -1), `${token}x`, token.replace('gd_', 'dn_'), `gd_${'A'.repeat(43)}`]) {
    expect(await guardians.identify(wrong)).toBeNull();
  }
  expect((await guardians.revoke(id)).state).toBe('revoked');
  expect((await guardians.revoke(id)).state).toBe('revoked');
  expect([await guardians.identify(token), await guardians.identify(other.token)]).toEqual([null, other.id]);
  await expect(guardians.revoke('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(stage.audited.map(({ kind }) => kind)).toEqual(['pool.guardian.created', 'pool.guardian.created', 'pool.guardian.revoked']);
  const kept = await Promise.all(['pool.guardian', 'pool.guardian-token'].map((kind) => stage.ledger.records(kind, { limit: 10 })));
  const all = JSON.stringify([stage.audited, kept], (_, value) => (typeof value === 'bigint' ? String(value) : value));
  expect(all).toContain(hint);
  expect(all).not.toContain(token.slice(8));
});
