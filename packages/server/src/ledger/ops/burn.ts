import type { Books, OpenHold } from '../books.ts';
import { NO_HASH } from '../protocol.ts';
import { settleOpen } from './settle.ts';

/**
 * Ends a hold of a dead epoch. The call's outcome is not known, and nobody will tell: the source pays the whole hold, the tenant nothing.
 * @param gone accounts that are not in the books any more.
 */
export function burnOpen(books: Books, found: OpenHold, gone: ReadonlySet<string>): void {
  // A line on an account that is gone altogether can be charged to nobody.
  const hold = { ...found, request: { ...found.request, lines: found.request.lines.filter(({ accountId }) => !gone.has(accountId)) } };
  settleOpen(books, hold, {
    holdId: hold.request.holdId,
    outcome: 'burned',
    tokens: 0n,
    credits: 0n,
    linesText: '[]',
    amount: 0n,
    endedAt: books.now,
    responseHash: NO_HASH,
    attestationHash: NO_HASH,
    detail: { reason: 'the process ended before the call was settled' },
  });
}
