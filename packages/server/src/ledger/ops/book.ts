import type { SqlRow } from '#ground/database';
import { type Books, publish } from '../books.ts';
import { LedgerFault } from '../fault.ts';
import type { KeyRow, NewAccount, ReceiptGroup, SourceRow } from '../types.ts';
import { insertAccount, mustBeNew } from './accounts.ts';

/** Stops every call, or lets them go on: holds read it in their own statement. */
export function setStop(books: Books, { stopped, reason }: { stopped: boolean; reason: string }): void {
  books.sql.stop_write.run(stopped ? 1 : 0, stopped ? reason : null, books.bookId);
  books.dirty = true;
  const before = books.stop;
  books.stop = stopped ? reason : null;
  books.journal.record(() => {
    books.stop = before;
  });
  publish(books, stopped ? 'book.stopped' : 'book.resumed', books.bookId, { reason });
}

/** Reads the stop again: another connection may have set it, and then its predicate is right and our memory is not. */
export function readStop(books: Books): string | null {
  const row = books.sql.stop_read.get(books.bookId) as SqlRow;
  return row.stopped === 0n ? null : ((row.stop_reason as string | null) ?? '');
}

export function setGeneration(books: Books, { generation }: { generation: number }): void {
  books.sql.generation_write.run(generation, books.bookId);
  books.dirty = true;
}

/** @throws LedgerFault INPUT_INVALID */
export function addSource(books: Books, { source, accounts }: { source: SourceRow; accounts: readonly NewAccount[] }): void {
  if (!accounts.some(({ id, kind, asset }) => id === source.id && kind === 'source' && asset === 'tokens')) {
    throw new LedgerFault('INPUT_INVALID', 'A source needs an account of kind source that counts tokens, with the same id.');
  }
  addAccounts(books, accounts);
  books.sql.source_add.run(
    books.bookId,
    source.id,
    source.name,
    source.provider,
    source.baseUrl,
    source.mode,
    source.settle,
    source.countConsent ? 1 : 0,
    source.models,
    source.tariff,
    source.createdAt,
    source.pool ? 1 : 0,
    JSON.stringify(source.groups),
    source.minutesAccountId,
  );
  publish(books, 'source.added', source.id, { name: source.name, provider: source.provider });
}

/** @throws LedgerFault INPUT_INVALID */
export function addKey(books: Books, { key, accounts }: { key: KeyRow; accounts: readonly NewAccount[] }): void {
  if (!accounts.some(({ id, kind, asset }) => id === key.id && kind === 'key' && asset === 'tokens')) {
    throw new LedgerFault('INPUT_INVALID', 'A key needs an account of kind key that counts tokens, with the same id.');
  }
  addAccounts(books, accounts);
  books.sql.key_add.run(
    books.bookId,
    key.id,
    key.name,
    key.tenantId,
    key.hash,
    key.hint,
    key.creditAccountId,
    key.sources === null ? null : JSON.stringify(key.sources),
    key.createdAt,
    key.expiresAt,
    key.replayS,
    key.use,
  );
  publish(books, 'key.added', key.id, { name: key.name, tenantId: key.tenantId });
}

function addAccounts(books: Books, accounts: readonly NewAccount[]): void {
  if (new Set(accounts.map(({ id }) => id)).size !== accounts.length) throw new LedgerFault('INPUT_INVALID', 'An account is given twice.');
  for (const account of accounts) mustBeNew(books, account);
  for (const account of accounts) insertAccount(books, account);
}

/** Records a signed root. @throws LedgerFault NOT_FOUND, STATE_INVALID where it does not follow the last one of its lane. */
export function addReceiptGroup(books: Books, group: ReceiptGroup): void {
  const lane = books.sql.lane_read.get(books.bookId, group.laneId) as SqlRow | undefined;
  if (lane === undefined) throw new LedgerFault('NOT_FOUND', 'There is no such lane.', { laneId: group.laneId });
  const nextSeq = lane.next_seq as bigint;
  if (group.seqFrom !== (lane.signed_to as bigint) + 1n || group.seqTo < group.seqFrom || group.seqTo >= nextSeq) {
    throw new LedgerFault('STATE_INVALID', 'A root covers the receipts that follow the last one, and none that are not there.', {
      signedTo: (lane.signed_to as bigint).toString(),
      nextSeq: nextSeq.toString(),
    });
  }
  books.sql.group_add.run(
    lane.lane_no as bigint,
    group.seqTo,
    group.seqFrom,
    group.root,
    group.total.toString(),
    group.signature,
    group.signer,
    group.signedAt,
  );
  books.sql.lane_sign.run(group.seqTo, lane.lane_no as bigint);
  books.dirty = true;
}
