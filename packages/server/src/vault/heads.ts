import type { AccountHead, HeadFinding } from './types.ts';

/**
 * Compares the accounts' heads with those remembered. An account may only go forward: a lower number of postings, the same
 * number with another head or another `spent`, or its absence mean that the books are not those that were seen last.
 */
export function compareHeads(remembered: readonly AccountHead[], now: readonly AccountHead[]): HeadFinding[] {
  const current = new Map(now.map((head) => [head.accountId, head]));
  return remembered.flatMap((before) => {
    const message = regression(before, current.get(before.accountId));
    return message === null ? [] : [{ accountId: before.accountId, message: `account ${before.accountId} ${message}` }];
  });
}

function regression(before: AccountHead, after: AccountHead | undefined): string | null {
  if (after === undefined) return 'is gone';
  if (after.seq < before.seq) return `went back from posting ${before.seq} to ${after.seq}`;
  if (after.seq > before.seq) return null;
  if (after.spent !== before.spent) return `has ${after.spent} spent where ${before.spent} was seen at the same posting`;
  return after.head === before.head ? null : `has another posting ${before.seq} than the one that was seen`;
}
