import type { SqlRow } from '#ground/database';
import { archiveMac } from '../archive/rows.ts';
import type { Archive, ArchiveDraft, ArchiveState } from '../archive/types.ts';
import { type Books, publish } from '../books.ts';
import { LedgerFault } from '../fault.ts';
import { monthName, monthOf } from '../months.ts';
import type { RowRange } from '../protocol.ts';

/** Keeps the ledger's time: after this nothing is ever written at an earlier one. @returns it, Unix ms. */
export function passTime(books: Books): number {
  // The lane's row, which every transaction that writes anything writes, has it.
  books.dirty = true;
  return books.now;
}

/** Ties a file that is whole into the books. @throws LedgerFault STATE_INVALID where it does not follow what they have */
export function sealArchive(books: Books, draft: ArchiveDraft): Archive {
  const { sql, bookId, chainKey, now } = books;
  const last = sql.archive_last.get(bookId) as SqlRow | undefined;
  const follows = draft.previousMac === ((last?.mac as string | undefined) ?? '') && last?.state !== 'sealed';
  if (!follows || monthOf(now) <= draft.month) {
    throw new LedgerFault('STATE_INVALID', `The archive of ${monthName(draft.month)} does not follow what is in the books now.`);
  }
  const dated = { ...draft, sealedAt: now };
  const archive: Archive = { ...dated, state: 'sealed', mac: archiveMac(chainKey, bookId, dated) };
  add(books, archive);
  for (const { laneNo, seqFrom, seqTo } of archive.lanes) sql.archive_lane_add.run(bookId, archive.month, laneNo, seqFrom, seqTo);
  publish(books, 'book.archived', bookId, { month: archive.month, file: archive.fileHash, receipts: archive.receipts });
  return archive;
}

function add({ sql, bookId }: Books, a: Archive): void {
  sql.archive_add.run(
    bookId,
    a.month,
    a.fileHash,
    a.bytes,
    a.postings,
    a.receipts,
    a.roots,
    a.events,
    a.kept,
    a.holds,
    a.reconciliations,
    JSON.stringify(a.operators),
    a.sealedAt,
    a.previousMac,
    a.mac,
  );
}

const ORDER: readonly ArchiveState[] = ['sealed', 'removed', 'done'];

/** An archive goes on by one state, never back. @throws LedgerFault NOT_FOUND, STATE_INVALID */
export function markArchive(books: Books, { month, state }: { month: number; state: ArchiveState }): void {
  const row = books.sql.archive_state.get(books.bookId, month) as SqlRow | undefined;
  if (row === undefined) throw new LedgerFault('NOT_FOUND', `There is no archive of ${monthName(month)}.`);
  const step = ORDER.indexOf(state) - ORDER.indexOf(row.state as ArchiveState);
  if (step === 0) return;
  if (step !== 1) throw new LedgerFault('STATE_INVALID', `The archive of ${monthName(month)} is ${row.state}.`);
  books.sql.archive_mark.run(state, books.bookId, month);
  books.dirty = true;
}

/** Removes rows that a sealed archive has: the schema's own guards let no others go. @returns how many. */
export function removeRows(books: Books, ranges: readonly RowRange[]): number {
  const { sql, bookId } = books;
  let removed = 0;
  for (const range of ranges) {
    const { from, to } = range;
    const { changes } =
      range.table === 'postings'
        ? sql.remove_postings.run(bookId, range.accountId, from, to)
        : range.table === 'events'
          ? sql.remove_events.run(bookId, range.month, from, to)
          : range.table === 'receipts'
            ? sql.remove_receipts.run(bookId, range.laneNo, from, to)
            : sql.remove_roots.run(range.laneNo, from, to);
    removed += Number(changes);
  }
  if (removed > 0) books.dirty = true;
  return removed;
}
