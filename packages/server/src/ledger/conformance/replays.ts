import { describe, expect, it } from 'vitest';
import { LIMITS } from '../limits.ts';
import type { HoldRequest, KeyRow, NewReplay } from '../types.ts';
import { useBooks } from './books.ts';
import { CREDIT, type CreateEngine, created, holdRequest, KEY, newAccount, openAccounts, SOURCE, settleRequest } from './engine.ts';

const HOUR_MS = 3_600_000;
const NONE = { result: 'none' };

/** @param isLight leaves out what takes a quarter of a gigabyte to show. */
export function replayConformance(create: CreateEngine, isLight = false): void {
  const books = useBooks(create);

  /** One more call that is settled. */
  async function served(more: Partial<HoldRequest> = {}): Promise<HoldRequest> {
    const request = holdRequest(1n, more);
    await created(books.ledger, request);
    await books.ledger.settle(settleRequest(request.holdId, 1n));
    return request;
  }

  function replayOf({ receiptId }: HoldRequest, more: Partial<NewReplay> = {}): NewReplay {
    return { receiptId, expiresAt: books.engine.clock.wallMs() + HOUR_MS, sealed: Buffer.from('sealed bytes'), ...more };
  }

  const found = ({ receiptId }: HoldRequest) => books.ledger.replay(receiptId, [KEY]);

  describe('a kept answer', () => {
    it('is given back as it was, also after the books were opened again', async () => {
      await openAccounts(books.ledger);
      const call = await served();
      const replay = replayOf(call, { sealed: Uint8Array.from({ length: 70_000 }, (_, at) => at % 251) });
      expect(await books.ledger.keepReplay(replay)).toBe(true);
      const expected = { result: 'kept', callId: call.callId, expiresAt: replay.expiresAt, sealed: new Uint8Array(replay.sealed) };
      expect(await found(call)).toEqual(expected);
      await books.reopen();
      expect(await found(call)).toEqual(expected);
      expect(await books.ledger.replay('0'.repeat(32), [KEY])).toEqual(NONE);
    });

    it('is kept once, and of a settled call only', async () => {
      await openAccounts(books.ledger);
      const [call, open, burned] = [await served(), holdRequest(1n), holdRequest(1n)];
      expect(await books.ledger.keepReplay(replayOf(call))).toBe(true);
      expect(await books.ledger.keepReplay(replayOf(call, { sealed: Buffer.from('another') }))).toBe(false);
      expect(await found(call)).toMatchObject({ sealed: new Uint8Array(Buffer.from('sealed bytes')) });
      await created(books.ledger, open);
      await created(books.ledger, burned);
      await books.ledger.settle(settleRequest(burned.holdId, 0n, { outcome: 'burned' }));
      for (const request of [open, burned, holdRequest(1n)]) expect(await books.ledger.keepReplay(replayOf(request))).toBe(false);
      for (const request of [open, burned]) expect(await found(request)).toEqual(NONE);
    });

    it('must be of a size that is allowed', async () => {
      await openAccounts(books.ledger);
      const call = await served();
      for (const sealed of [new Uint8Array(0), new Uint8Array(LIMITS.replayBytesMax + 1)])
        await expect(books.ledger.keepReplay(replayOf(call, { sealed }))).rejects.toMatchObject({ code: 'INPUT_INVALID' });
      expect(await books.ledger.keepReplay(replayOf(call, { sealed: new Uint8Array(LIMITS.replayBytesMax) }))).toBe(true);
    });

    it('changes nothing in the books', async () => {
      await openAccounts(books.ledger);
      const call = await served();
      const before = await books.ledger.accounts();
      await books.ledger.keepReplay(replayOf(call));
      books.engine.clock.advance(2 * HOUR_MS);
      await books.ledger.dropReplays();
      expect(await books.ledger.accounts()).toEqual(before);
      expect(await books.ledger.verify()).toEqual([]);
    });
  });

  describe('its end', () => {
    it('comes with its time, which never goes back', async () => {
      await openAccounts(books.ledger);
      const [call, longer] = [await served(), await served()];
      await books.ledger.keepReplay(replayOf(call));
      await books.ledger.keepReplay(replayOf(longer, { expiresAt: books.engine.clock.wallMs() + 2 * HOUR_MS }));
      books.engine.clock.advance(HOUR_MS - 1);
      expect(await found(call)).toMatchObject({ result: 'kept' });
      books.engine.clock.advance(1);
      expect(await found(call)).toEqual(NONE);
      books.engine.clock.setWall(books.engine.clock.wallMs() - HOUR_MS);
      expect(await found(call)).toEqual(NONE);
      expect(await found(longer)).toMatchObject({ result: 'kept' });
      expect(await books.ledger.keepReplay(replayOf(await served(), { expiresAt: books.engine.clock.wallMs() + 1 }))).toBe(false);
    });

    it('frees the room, however many there are', async () => {
      await openAccounts(books.ledger, 10_000n, 10_000n);
      const calls = await Promise.all(Array.from({ length: LIMITS.replayDropBatch + 44 }, () => served()));
      expect(await Promise.all(calls.map((call) => books.ledger.keepReplay(replayOf(call))))).toEqual(calls.map(() => true));
      books.engine.clock.advance(HOUR_MS);
      await books.ledger.dropReplays();
      // Also for a clock that is wrong, nothing is there any more.
      await books.reopen(() => books.engine.tamper(`UPDATE lanes SET wall_high = 0`));
      books.engine.clock.setWall(books.engine.clock.wallMs() - HOUR_MS);
      for (const call of calls.slice(-3)) expect(await found(call)).toEqual(NONE);
    });

    it('comes with the revocation of its key, also for a call that ends after it', async () => {
      await openAccounts(books.ledger);
      await books.ledger.openAccount(newAccount('key-2', 100n));
      const lines = [SOURCE, 'key-2'].map((accountId) => ({ accountId, amount: 1n }));
      const other = { keyId: 'key-2', lines };
      const [mine, theirs, late] = [await served(), await served(other), await served(other)];
      await books.ledger.keepReplay(replayOf(mine));
      await books.ledger.keepReplay(replayOf(theirs));
      await books.ledger.setState('key-2', 'revoked', 'lost');
      await books.ledger.dropReplays();
      expect(await books.ledger.keepReplay(replayOf(late))).toBe(false);
      // Asked as if by another key, so that it is its absence that is seen.
      expect(await found(theirs)).toEqual(NONE);
      expect(await found(mine)).toMatchObject({ result: 'kept' });
    });

    if (!isLight) {
      it('comes for the oldest where there is too much of them', async () => {
        await openAccounts(books.ledger);
        const sealed = new Uint8Array(LIMITS.replayBytesMax);
        const fitting = Math.floor(LIMITS.replayBytesAllMax / LIMITS.replayBytesMax);
        const calls: HoldRequest[] = [];
        for (let n = 0; n <= fitting; n += 1) {
          const call = await served();
          calls.push(call);
          expect(await books.ledger.keepReplay(replayOf(call, { sealed }))).toBe(true);
          // What is kept is counted anew at every opening.
          if (n === 1) await books.reopen();
        }
        const results = await Promise.all(calls.map(async (call) => (await found(call)).result));
        expect(results).toEqual(['none', ...Array(fitting).fill('kept')]);
      });
    }
  });

  describe('is given out in good standing only', () => {
    it('as a hold would be placed: stop, states, expiry', async () => {
      await openAccounts(books.ledger, 100n, 1n);
      await books.ledger.openAccount(newAccount(CREDIT, 10n, { expiresAt: books.engine.clock.wallMs() + HOUR_MS / 2 }));
      const call = await served();
      await books.ledger.keepReplay(replayOf(call));
      const ask = () => books.ledger.replay(call.receiptId, [KEY, CREDIT]);
      // That nothing is left of the key does not matter: nothing is held.
      expect(await ask()).toMatchObject({ result: 'kept' });
      await books.ledger.setStop(true, 'drill');
      expect(await ask()).toEqual({ result: 'refused', refusal: { code: 'POOL_STOPPED', reason: 'drill' } });
      await books.ledger.setStop(false, '');
      await books.ledger.setState(KEY, 'paused', 'holiday');
      expect(await ask()).toMatchObject({ result: 'refused', refusal: { code: 'ACCOUNT_NOT_ACTIVE', accountId: KEY, state: 'paused' } });
      await books.ledger.setState(KEY, 'active', '');
      expect(await ask()).toMatchObject({ result: 'kept' });
      books.engine.clock.advance(HOUR_MS / 2);
      expect(await ask()).toMatchObject({ result: 'refused', refusal: { code: 'ACCOUNT_EXPIRED', accountId: CREDIT } });
      expect(await books.ledger.replay(call.receiptId, ['nobody'])).toMatchObject({ refusal: { code: 'ACCOUNT_UNKNOWN' } });
    });

    it('also where the stop or a state was changed behind the writer', async () => {
      await openAccounts(books.ledger);
      const call = await served();
      await books.ledger.keepReplay(replayOf(call));
      await books.engine.tamper("UPDATE books SET stopped = 1, stop_reason = 'by hand'");
      expect(await found(call)).toMatchObject({ refusal: { code: 'POOL_STOPPED', reason: 'by hand' } });
      await books.engine.tamper('UPDATE books SET stopped = 0');
      await books.ledger.setState(KEY, 'paused', 'holiday');
      await books.engine.tamper("UPDATE accounts SET state = 'active', state_reason = NULL");
      expect(await found(call)).toMatchObject({ result: 'refused', refusal: { code: 'ACCOUNT_TAMPERED', accountId: KEY } });
    });
  });

  describe('beside what moves money', () => {
    it('what goes wrong with it touches no operation of the same message', async () => {
      await openAccounts(books.ledger);
      const call = await served();
      await books.engine.tamper('DROP TABLE replays');
      const request = holdRequest(5n);
      const [kept, held, dropped] = await Promise.allSettled([
        books.ledger.keepReplay(replayOf(call)),
        books.ledger.hold(request),
        books.ledger.dropReplays(),
      ]);
      for (const result of [kept, dropped]) expect(result).toMatchObject({ reason: { code: 'LEDGER_UNAVAILABLE' } });
      expect(held).toMatchObject({ value: { result: 'created' } });
      expect(await books.ledger.settle(settleRequest(request.holdId, 5n))).toMatchObject({ result: 'settled' });
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('comes after it, and none of it is lost when the books are closed', async () => {
      await openAccounts(books.ledger);
      const calls = await Promise.all(Array.from({ length: 40 }, () => served()));
      const asked = calls.map((call) => books.ledger.keepReplay(replayOf(call, { sealed: new Uint8Array(100_000) })));
      await books.reopen();
      expect(await Promise.all(asked)).toEqual(calls.map(() => true));
      for (const call of calls) expect(await found(call)).toMatchObject({ result: 'kept' });
    });

    it('a settlement and its answer can be asked for in one turn', async () => {
      await openAccounts(books.ledger);
      const request = holdRequest(5n);
      await created(books.ledger, request);
      const [settled, kept] = await Promise.all([
        books.ledger.settle(settleRequest(request.holdId, 5n)),
        books.ledger.keepReplay(replayOf(request)),
      ]);
      expect([settled.result, kept]).toEqual(['settled', true]);
    });
  });

  it('a key says for how long, and an impossible time is refused', async () => {
    const key: KeyRow = {
      id: KEY,
      name: 'k',
      tenantId: 't',
      hash: 'h',
      hint: 'tk_a',
      creditAccountId: null,
      sources: null,
      createdAt: 6,
      expiresAt: null,
      replayS: 86_400,
      use: 'calls' as const,
    };
    for (const replayS of [-1, 86_401, 0.5])
      await expect(books.ledger.addKey({ ...key, replayS }, [newAccount(KEY, 1n)])).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await books.ledger.addKey(key, [newAccount(KEY, 1n)]);
    expect(await books.ledger.keys()).toEqual([key]);
  });
}
