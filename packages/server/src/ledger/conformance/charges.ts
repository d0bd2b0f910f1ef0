import { expect, it } from 'vitest';
import { useBooks } from './books.ts';
import { type CreateEngine, created, holdRequest, openAccounts, SOURCE, settleRequest } from './engine.ts';

export function chargesConformance(create: CreateEngine): void {
  const books = useBooks(create);

  it('are what each call did to its source, the newest first, page by page', async () => {
    await openAccounts(books.ledger, 1_000n);
    const receipts: string[] = [];
    for (const outcome of ['metered', 'burned', 'released', 'metered'] as const) {
      const request = holdRequest(20n);
      await created(books.ledger, request);
      receipts.unshift(request.receiptId);
      // The last one goes beyond its hold.
      await books.ledger.settle(settleRequest(request.holdId, receipts.length === 4 ? 25n : 7n, { outcome }));
    }
    const [last, released, burned, first] = receipts;
    const all = await books.ledger.charges(SOURCE, { limit: 10 });
    expect(all.map(({ kind, amount, receiptId }) => [kind, amount, receiptId])).toEqual([
      ['overrun', 5n, last],
      ['spend', 20n, last],
      ['release', 0n, released],
      ['ambiguous', 13n, burned],
      ['spend', 7n, burned],
      ['spend', 7n, first],
    ]);
    const [, second] = all;
    expect(await books.ledger.charges(SOURCE, { before: second?.seq ?? 0n, limit: 2 })).toEqual(all.slice(2, 4));
    expect(await books.ledger.charges('source-9', { limit: 10 })).toEqual([]);
  });
}
