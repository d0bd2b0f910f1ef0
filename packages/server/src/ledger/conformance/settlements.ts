import { ZERO_32 } from '@tallystick/core';
import { describe, expect, it } from 'vitest';
import { NOT_DONATED } from '../gates.ts';
import { operatorAccount } from '../operator.ts';
import type { SettleRequest } from '../types.ts';
import { useBooks } from './books.ts';
import {
  balances,
  CREDIT,
  type CreateEngine,
  created,
  hash,
  holdRequest,
  KEY,
  newAccount,
  openAccounts,
  refused,
  SOURCE,
  settleRequest,
} from './engine.ts';

const LINES = [
  { accountId: SOURCE, amount: 10n },
  { accountId: KEY, amount: 10n },
  { accountId: CREDIT, amount: 40n },
];

/** outcome, metered tokens and credits → what source, key and credits have spent, and the receipt's kind. */
const OUTCOMES: readonly [SettleRequest['outcome'], bigint, bigint, bigint, bigint, bigint, number, string][] = [
  ['metered', 7n, 28n, 7n, 7n, 28n, 1, 'settled'],
  ['metered', 0n, 0n, 0n, 0n, 0n, 1, 'settled'],
  ['metered', 10n, 40n, 10n, 10n, 40n, 1, 'settled'],
  ['bound', 3n, 12n, 10n, 10n, 40n, 3, 'settled'],
  ['burned', 3n, 12n, 10n, 3n, 12n, 2, 'burned'],
  ['burned', 0n, 0n, 10n, 0n, 0n, 2, 'burned'],
  ['burned', 99n, 99n, 10n, 10n, 40n, 2, 'burned'],
  ['released', 5n, 20n, 0n, 0n, 0n, 1, 'released'],
];

export function settleConformance(create: CreateEngine): void {
  const books = useBooks(create);

  async function openAll(): Promise<void> {
    await openAccounts(books.ledger);
    await books.ledger.openAccount(newAccount(CREDIT, 1_000n));
  }

  describe('outcomes', () => {
    it('charge source, key and credits as each says, and no other call of the same books', async () => {
      let unexplained = 0n;
      for (const [n, [outcome, tokens, credits, source, key, credit, kind, state]] of OUTCOMES.entries()) {
        const what = `${outcome} with ${tokens} tokens and ${credits} credits`;
        const [sourceId, keyId, creditId] = [SOURCE, KEY, CREDIT].map((id) => `${id}-${n}`) as [string, string, string];
        for (const id of [sourceId, keyId, creditId]) await books.ledger.openAccount(newAccount(id, 1_000n));
        const held = LINES.map(({ accountId, amount }) => ({ accountId: `${accountId}-${n}`, amount }));
        const request = holdRequest(10n, { sourceId, keyId, lines: held });
        await created(books.ledger, request);
        const lines = [{ unit: 5, quantity: tokens, amount: credits }];
        const settled = await books.ledger.settle(settleRequest(request.holdId, tokens, { outcome, credits, lines }));
        const expected = { receiptId: request.receiptId, seq: BigInt(n + 1), charged: source, overrun: 0n, frozen: false };
        expect(settled, what).toEqual({ result: 'settled', ...expected });
        expect(await balances(books.ledger, sourceId), what).toEqual({ held: 0n, spent: source, overrun: 0n, state: 'active' });
        expect(await balances(books.ledger, keyId), what).toMatchObject({ held: 0n, spent: key, overrun: 0n });
        expect(await balances(books.ledger, creditId), what).toMatchObject({ held: 0n, spent: credit, overrun: 0n });
        unexplained += source - key;
        expect((await books.ledger.account(operatorAccount('ambiguous', 'tokens')))?.spent, what).toBe(unexplained);
        const record = await books.ledger.receipt(request.receiptId);
        const receipt = { kind, charged: source, sourceSpent: source, sourceSeq: 1n };
        expect(record, what).toMatchObject({ status: 'unsigned', receipt });
        expect((await books.ledger.holdRow(request.holdId))?.state, what).toBe(state);
      }
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('settles once, however many ask', async () => {
      await openAccounts(books.ledger);
      const request = holdRequest(10n);
      await created(books.ledger, request);
      const outcomes = ['metered', 'released', 'burned', 'metered'] as const;
      const results = await Promise.all(outcomes.map((outcome) => books.ledger.settle(settleRequest(request.holdId, 4n, { outcome }))));
      expect(results.map(({ result }) => result)).toEqual(['settled', 'already', 'already', 'already']);
      expect(results[1]).toEqual({ result: 'already', state: 'settled', receiptId: request.receiptId });
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 0n, spent: 4n });
      expect(await books.ledger.settle(settleRequest('no-such-hold', 1n))).toEqual({ result: 'unknown' });
    });

    it('soon: is settled within moments, and a hold that it makes room for never waits in vain', async () => {
      await openAccounts(books.ledger);
      for (let round = 0; round < 20; round += 1) {
        const request = holdRequest(100n);
        await created(books.ledger, request);
        const settled = books.ledger.settle(settleRequest(request.holdId, 0n, { outcome: 'released' }), 'soon');
        // At odd rounds the settlement's own time comes while the hold is being asked.
        if (round % 2 === 1) await new Promise((resolve) => setTimeout(resolve, round % 6));
        const next = holdRequest(100n);
        await created(books.ledger, next);
        expect((await settled).result).toBe('settled');
        await books.ledger.settle(settleRequest(next.holdId, 0n, { outcome: 'released' }));
      }
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('minutes: what was used, or what was held', async () => {
      await openAccounts(books.ledger);
      await books.ledger.openAccount(newAccount('source-1.ms', 60_000n, { asset: 'ms' }));
      const lines = [...LINES.slice(0, 2), { accountId: 'source-1.ms', amount: 30_000n }];
      const [one, two] = [holdRequest(10n, { lines }), holdRequest(10n, { lines })];
      await created(books.ledger, one);
      await created(books.ledger, two);
      await books.ledger.settle(settleRequest(one.holdId, 1n, { ms: 1_500n }));
      await books.ledger.settle(settleRequest(two.holdId, 1n));
      expect(await balances(books.ledger, 'source-1.ms')).toMatchObject({ held: 0n, spent: 31_500n });
      expect(await books.ledger.verify()).toEqual([]);
    });
  });

  describe('overrun', () => {
    it('freezes the source in the same transaction, with evidence; budgets count it and go on', async () => {
      await openAccounts(books.ledger);
      const [bad, open] = [holdRequest(10n), holdRequest(10n)];
      await created(books.ledger, bad);
      await created(books.ledger, open);
      const [settled, next] = await Promise.all([books.ledger.settle(settleRequest(bad.holdId, 25n)), books.ledger.hold(holdRequest(1n))]);
      expect(settled).toMatchObject({ charged: 25n, overrun: 15n, frozen: true });
      const refusal = { code: 'ACCOUNT_NOT_ACTIVE', accountId: SOURCE, kind: 'source', state: 'frozen', reason: 'overrun' };
      expect(next).toEqual({ result: 'refused', refusal });
      expect(await balances(books.ledger, SOURCE)).toEqual({ held: 10n, spent: 10n, overrun: 15n, state: 'frozen' });
      expect(await balances(books.ledger, KEY)).toEqual({ held: 10n, spent: 10n, overrun: 15n, state: 'active' });
      expect((await books.ledger.account(operatorAccount('overrun', 'tokens')))?.spent).toBe(15n);
      const overrun = async () => (await books.ledger.outbox(0n, 100)).find(({ topic }) => topic === 'source.overrun');
      await expect.poll(async () => (await overrun())?.subject).toBe(SOURCE);
      const event = await overrun();
      expect(JSON.parse(event?.body ?? '{}')).toMatchObject({ holdId: bad.holdId, held: '10', actual: '25', excess: '15' });
      // What was in flight still settles, and stays within its hold.
      expect(await books.ledger.settle(settleRequest(open.holdId, 10n))).toMatchObject({ charged: 10n, frozen: false });
      expect(await balances(books.ledger, SOURCE)).toEqual({ held: 0n, spent: 20n, overrun: 15n, state: 'frozen' });
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('a claim beyond any sense is recorded as the largest there is', async () => {
      await openAccounts(books.ledger);
      const requests = [holdRequest(10n), holdRequest(10n), holdRequest(10n)];
      for (const request of requests) await created(books.ledger, request);
      for (const { holdId } of requests) await books.ledger.settle(settleRequest(holdId, 10n ** 30n, { lines: [] }));
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 0n, spent: 30n, overrun: 2n ** 62n - 1n, state: 'frozen' });
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('is left by reconciling only', async () => {
      await openAccounts(books.ledger);
      const bad = holdRequest(10n);
      await created(books.ledger, bad);
      await books.ledger.settle(settleRequest(bad.holdId, 25n));
      await expect(books.ledger.setState(SOURCE, 'active', '')).rejects.toMatchObject({ code: 'STATE_INVALID' });
      await books.ledger.setState(SOURCE, 'active', 'export of 1 May', 60n);
      expect(await balances(books.ledger, SOURCE)).toEqual({ held: 0n, spent: 45n, overrun: 15n, state: 'active' });
      expect(await refused(books.ledger, holdRequest(41n))).toBe('CAP_EXCEEDED');
      const last = holdRequest(40n);
      await created(books.ledger, last);
      await books.ledger.settle(settleRequest(last.holdId, 40n));
      const record = await books.ledger.receipt(last.receiptId);
      // The receipts' own running sum counts receipts only, so it stays unbroken.
      expect(record).toMatchObject({ receipt: { sourceSeq: 2n, sourceSpent: 65n } });
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('reconciling above the ceiling counts as overrun', async () => {
      await openAccounts(books.ledger);
      await books.ledger.setState(SOURCE, 'frozen', 'regression');
      await books.ledger.setState(SOURCE, 'paused', 'export', 130n);
      expect(await balances(books.ledger, SOURCE)).toEqual({ held: 0n, spent: 100n, overrun: 30n, state: 'paused' });
      expect(await books.ledger.verify()).toEqual([]);
    });
  });

  describe('receipts', () => {
    it('carries what was known at the hold and at the end', async () => {
      await openAll();
      const request = holdRequest(10n, { lines: LINES, detail: { endpoint: 'chat', model: 'm', status: 0 } });
      const { createdAt } = await created(books.ledger, request);
      expect(await books.ledger.receipt(request.receiptId)).toEqual({ status: 'open', receiptId: request.receiptId });
      expect(await books.ledger.receipt('nothing')).toBeNull();
      const lines = [
        { unit: 1, quantity: 4n, amount: 8n },
        { unit: 5, quantity: 3n, amount: 20n },
      ];
      const endedAt = createdAt + 700;
      await books.ledger.settle(settleRequest(request.holdId, 7n, { credits: 28n, lines, endedAt, attestationHash: hash('7') }));
      const record = await books.ledger.receipt(request.receiptId);
      if (record?.status !== 'unsigned') throw new Error('not unsigned');
      expect(record.detail).toEqual({
        endpoint: 'chat',
        model: 'm',
        status: 200,
        held: '10',
        proof: 'bytes',
        facts: 'test',
        outcome: 'metered',
      });
      const { detailHash, ...receipt } = record.receipt;
      expect(detailHash).toMatch(/^0x[0-9a-f]{64}$/);
      expect(receipt).toEqual({
        kind: 1,
        mode: 1,
        callId: `0x${'0'.repeat(32)}${request.callId.replaceAll('-', '')}`,
        attempt: 0,
        refHash: ZERO_32,
        jobId: ZERO_32,
        tenantId: hash('2'),
        sourceId: hash('3'),
        sourceSeq: 1n,
        charged: 7n,
        sourceSpent: 7n,
        providerId: hash('4'),
        laneId: books.engine.laneId,
        seq: 1n,
        channelId: ZERO_32,
        tariffId: hash('1'),
        startedAt: BigInt(createdAt),
        endedAt: BigInt(endedAt),
        lines,
        amount: 28n,
        requestHash: hash('5'),
        responseHash: hash('6'),
        attestationHash: hash('7'),
      });
    });

    it('lane numbers are contiguous, roots follow one another', async () => {
      await openAccounts(books.ledger);
      const requests = Array.from({ length: 6 }, () => holdRequest(5n));
      for (const request of requests) await created(books.ledger, request);
      await Promise.all(requests.map(({ holdId }) => books.ledger.settle(settleRequest(holdId, 5n))));
      expect(await books.ledger.lane()).toEqual({ laneId: books.engine.laneId, nextSeq: 7n, signedTo: 0n, isAbandoned: false });
      const group = (seqFrom: bigint, seqTo: bigint) => {
        const signature = { signature: '0xaa', signer: '0xbb', signedAt: 1 } as const;
        return { laneId: books.engine.laneId, seqFrom, seqTo, root: hash('8'), total: 0n, ...signature };
      };
      for (const [from, to] of [
        [2n, 3n],
        [1n, 7n],
        [1n, 0n],
      ] as const) {
        await expect(books.ledger.addReceiptGroup(group(from, to))).rejects.toMatchObject({ code: 'STATE_INVALID' });
      }
      await books.ledger.addReceiptGroup(group(1n, 4n));
      expect(await books.ledger.lane()).toMatchObject({ nextSeq: 7n, signedTo: 4n });
      const all = await books.ledger.receiptsOf(books.engine.laneId, 1n, 6n);
      expect(all.map(({ seq }) => seq)).toEqual([1n, 2n, 3n, 4n, 5n, 6n]);
      expect(all.map(({ sourceSpent }) => sourceSpent)).toEqual([5n, 10n, 15n, 20n, 25n, 30n]);
      const statuses = await Promise.all(requests.map(({ receiptId }) => books.ledger.receipt(receiptId)));
      expect(statuses.map((record) => record?.status)).toEqual(['signed', 'signed', 'signed', 'signed', 'unsigned', 'unsigned']);
      await books.ledger.addReceiptGroup(group(5n, 6n));
      expect(await books.ledger.verify()).toEqual([]);
    });
  });

  describe('sources and keys', () => {
    it('come with their accounts, or not at all', async () => {
      const source = {
        id: SOURCE,
        name: 'n',
        provider: 'sandbox',
        baseUrl: 'http://x/v1',
        mode: 1,
        settle: 'metered',
        countConsent: false,
        ...NOT_DONATED,
        models: '{}',
        tariff: '[]',
      } as const;
      const row = { ...source, createdAt: 5 };
      await expect(books.ledger.addSource(row, [newAccount(KEY, 1n)])).rejects.toMatchObject({ code: 'INPUT_INVALID' });
      await books.ledger.addSource(row, [newAccount(SOURCE, 100n)]);
      await expect(books.ledger.addSource(row, [newAccount(SOURCE, 100n)])).rejects.toMatchObject({ code: 'INPUT_INVALID' });
      const key = {
        id: KEY,
        name: 'k',
        tenantId: 't',
        hash: 'h',
        hint: 'tk_a',
        creditAccountId: CREDIT,
        sources: [SOURCE],
        createdAt: 6,
        expiresAt: null,
        replayS: 3_600,
        use: 'calls' as const,
      };
      await books.ledger.addKey(key, [newAccount(KEY, 100n), newAccount(CREDIT, 5n)]);
      // A hash is one key's.
      const twin = { ...key, id: 'key-2', creditAccountId: null };
      await expect(books.ledger.addKey(twin, [newAccount('key-2', 100n)])).rejects.toMatchObject({ code: 'INPUT_INVALID' });
      expect(await books.ledger.account('key-2')).toBeNull();
      await books.reopen();
      expect(await books.ledger.sources()).toEqual([row]);
      expect(await books.ledger.keys()).toEqual([key]);
      await created(books.ledger, holdRequest(5n));
    });
  });
}
