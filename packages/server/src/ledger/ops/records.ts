import type { SqlRow } from '#ground/database';
import type { Books } from '../books.ts';
import { LedgerFault } from '../fault.ts';
import { changedRecord, recordMac, soundRecord } from '../record-row.ts';
import type { BookRecord, RecordsResult, RecordWrite } from '../record-types.ts';

/** Writes records, all or none: each must be of the revision that its write replaces. @throws LedgerFault TAMPERED */
export function writeRecords(books: Books, writes: readonly RecordWrite[]): RecordsResult {
  const found = writes.map((write) => recordOf(books, write));
  for (const [at, { kind, id, rev }] of writes.entries()) {
    const current = found[at]?.rev ?? 0n;
    if (current !== rev) return { result: 'conflict', kind, id, rev: current };
  }
  for (const [at, write] of writes.entries()) writeRecord(books, write, found[at]?.createdAt ?? books.now);
  books.dirty = true;
  return { result: 'written', at: books.now };
}

function recordOf({ sql, bookId, chainKey }: Books, { kind, id }: RecordWrite): BookRecord | null {
  const row = sql.record_read.get(bookId, kind, id) as SqlRow | undefined;
  if (row === undefined) return null;
  const record = soundRecord(chainKey, bookId, row);
  if (record === null) throw new LedgerFault('TAMPERED', `The ${changedRecord(row)}.`, { kind, id });
  return record;
}

function writeRecord({ sql, bookId, chainKey, now }: Books, { kind, id, rev, state, body }: RecordWrite, createdAt: number): void {
  if (body === null) {
    sql.record_remove.run(bookId, kind, id);
    return;
  }
  const record: BookRecord = { kind, id, rev: rev + 1n, state, body, createdAt, writtenAt: now };
  const mac = recordMac(chainKey, bookId, record);
  sql.record_write.run(bookId, kind, id, record.rev, state, body, createdAt, now, mac);
}
