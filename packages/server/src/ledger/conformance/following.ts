import { expect, it } from 'vitest';
import { NOT_DONATED } from '../gates.ts';
import type { KeyRow, SourceRow } from '../types.ts';
import { useBooks } from './books.ts';
import { type CreateEngine, created, holdRequest, KEY, newAccount, openAccounts, SOURCE, settleRequest } from './engine.ts';

const KEY_ROW: KeyRow = {
  id: 'key-2',
  name: 'k',
  tenantId: 'tenant-1',
  hash: 'ab'.repeat(32),
  hint: 'tk_abcd…',
  creditAccountId: null,
  sources: null,
  createdAt: 1,
  expiresAt: null,
  replayS: 0,
  use: 'calls',
};
const SOURCE_ROW: SourceRow = {
  id: 'source-2',
  name: 's',
  provider: 'sandbox',
  baseUrl: 'http://127.0.0.1:1/v1',
  mode: 1,
  settle: 'metered',
  countConsent: false,
  ...NOT_DONATED,
  models: '{}',
  tariff: '[]',
  createdAt: 1,
};

/** What processes that have the same books open learn from them of each other. */
export function followingConformance(create: CreateEngine): void {
  const books = useBooks(create);

  it('tells what others follow, in order, and none of the calls', async () => {
    expect(await books.ledger.changesEnd()).toBe(0n);
    await openAccounts(books.ledger);
    await books.ledger.addKey(KEY_ROW, [newAccount('key-2', 10n)]);
    const hold = holdRequest(10n);
    await created(books.ledger, hold);
    await books.ledger.settle(settleRequest(hold.holdId, 7n));
    await books.ledger.addSource(SOURCE_ROW, [newAccount('source-2', 10n)]);
    await books.ledger.setLimit(SOURCE, 60n, 'less');
    await books.ledger.setState(SOURCE, 'destroyed', 'enough');
    const told = async () => (await books.ledger.changes(0n, 100)).map(({ topic, subject }) => `${topic} ${subject}`);
    const expected = ['key.added key-2', 'source.added source-2', `account.limit ${SOURCE}`, `account.state ${SOURCE}`];
    // What others have not ended yet on the same server may hold it back for a moment.
    await expect.poll(told).toEqual(expected);
    const all = await books.ledger.changes(0n, 100);
    expect(await books.ledger.changesEnd()).toBe(all.at(-1)?.seq);
    expect(await books.ledger.changes(all[1]?.seq ?? 0n, 1)).toEqual(all.slice(2, 3));
    expect(await books.ledger.changes(all.at(-1)?.seq ?? 0n, 100)).toEqual([]);
  });

  it('finds a key by its id and by its hash', async () => {
    await books.ledger.addKey(KEY_ROW, [newAccount('key-2', 10n)]);
    expect(await books.ledger.keyOf(KEY_ROW.hash)).toEqual(KEY_ROW);
    expect(await books.ledger.key(KEY_ROW.id)).toEqual(KEY_ROW);
    expect([await books.ledger.keyOf('cd'.repeat(32)), await books.ledger.key('key-9')]).toEqual([null, null]);
  });

  it('of limits that are lowered at once the lowest stands', async () => {
    await openAccounts(books.ledger);
    await Promise.all([70n, 40n, 90n, 40n].map((limit) => books.ledger.lowerLimit(SOURCE, limit, 'less')));
    expect(await books.ledger.account(SOURCE)).toMatchObject({ limit: 40n });
    await expect(books.ledger.lowerLimit('source-9', 1n, 'less')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(books.ledger.lowerLimit(KEY, -1n, 'less')).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
  });

  it('vouches for no row that was changed behind it', async () => {
    await openAccounts(books.ledger);
    expect(await books.ledger.auditedAccount(SOURCE)).toEqual(await books.ledger.account(SOURCE));
    expect(await books.ledger.auditedAccount('source-9')).toBeNull();
    await books.engine.tamper(`UPDATE accounts SET state = 'destroyed', spend_limit = 0 WHERE account_id = '${SOURCE}'`);
    expect(await books.ledger.account(SOURCE)).toMatchObject({ state: 'destroyed', limit: 0n });
    const vouched = await books.ledger.auditedAccount(SOURCE);
    expect(vouched?.state).not.toBe('destroyed');
    expect(vouched?.limit).toBe(100n);
  });
}
