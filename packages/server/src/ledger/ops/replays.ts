import type { SqlRow } from '#ground/database';
import { accountDifferences } from '../account-row.ts';
import { accountOf, readAccount } from '../audit.ts';
import { type Books, RowChanged } from '../books.ts';
import { LIMITS } from '../limits.ts';
import type { Standing } from '../protocol.ts';
import type { HoldRefusal, NewReplay } from '../types.ts';
import { standingOf } from './admission.ts';
import { readStop } from './book.ts';

/**
 * What a hold on these accounts would be refused with, whatever is left of them; null where it would not. The stop and the rows are read anew,
 * as they are by a hold's own statement.
 * @throws RowChanged
 */
export function standing(books: Books, { accountIds }: { accountIds: readonly string[] }): Standing {
  return { refusal: refusalAmong(books, accountIds), now: books.now };
}

function refusalAmong(books: Books, accountIds: readonly string[]): HoldRefusal | null {
  const reason = readStop(books);
  if (reason !== null) return { code: 'POOL_STOPPED', reason };
  for (const accountId of accountIds) {
    const row = accountOf(books, accountId);
    if (row === undefined) return { code: 'ACCOUNT_UNKNOWN', accountId };
    const found = readAccount(books, accountId);
    if (found === undefined || accountDifferences(found, row).length > 0) throw new RowChanged(accountId);
    const refusal = standingOf(row, books);
    if (refusal !== null) return refusal;
  }
  return null;
}

/** Keeps a sealed answer, if its call was settled and its key has not been revoked since; for that the oldest ones are dropped. @returns whether it is kept. */
export function keepReplay(books: Books, { receiptId, expiresAt, sealed }: NewReplay): boolean {
  const { sql, bookId, replays } = books;
  const hold = sql.hold_by_receipt.get(bookId, receiptId) as SqlRow | undefined;
  if (hold?.state !== 'settled' || expiresAt <= books.now) return false;
  const key = sql.account_read.get(bookId, hold.key_id as string) as SqlRow | undefined;
  if (key === undefined || key.state === 'revoked' || key.state === 'destroyed') return false;
  const size = sealed.length;
  const { changes } = sql.replay_add.run(bookId, receiptId, hold.key_id as string, hold.call_id as string, expiresAt, size, sealed);
  if (Number(changes) === 0) return false;
  books.dirty = true;
  count(books, 1, size);
  while (replays.rows > LIMITS.replaysMax || replays.bytes > LIMITS.replayBytesAllMax) {
    const gone = sql.replay_drop_oldest.all(bookId) as SqlRow[];
    if (gone.length === 0) throw new Error('the kept answers do not add up');
    forget(books, gone);
  }
  return true;
}

/** Drops what has expired or belongs to a revoked key, so many at a time. @returns how many. */
export function dropReplays(books: Books): number {
  const gone = books.sql.replay_drop_stale.all(books.bookId, books.now, LIMITS.replayDropBatch) as SqlRow[];
  if (gone.length > 0) books.dirty = true;
  forget(books, gone);
  return gone.length;
}

function forget(books: Books, gone: readonly SqlRow[]): void {
  for (const { size } of gone) count(books, -1, -Number(size));
}

/** What is kept in all: counted along, so that nothing need be summed up to stay within the limits. */
function count(books: Books, rows: number, bytes: number): void {
  const { replays } = books;
  replays.rows += rows;
  replays.bytes += bytes;
  books.journal.record(() => {
    replays.rows -= rows;
    replays.bytes -= bytes;
  });
}
