import { hash, type KeyObject } from 'node:crypto';
import type { SqlRow } from '#ground/database';
import { hmacSha256Hex } from '#ground/hmac';
import { free } from './chain.ts';
import type { BookRecord } from './record-types.ts';

/** The MAC over a record's whole row. @returns 64 hex characters. */
export function recordMac(key: KeyObject, bookId: string, r: BookRecord): string {
  // A large text is digested first: what is keyed stays short.
  const body = hash('sha256', r.body);
  return hmacSha256Hex(
    key,
    `tally-record/1|${r.rev}|${r.createdAt}|${r.writtenAt}|${free(bookId)}${free(r.kind)}${free(r.id)}${free(r.state)}${body}`,
  );
}

/** @returns null where the row is not as a writer wrote it. */
export function soundRecord(key: KeyObject, bookId: string, row: SqlRow): BookRecord | null {
  const record: BookRecord = {
    kind: row.kind as string,
    id: row.record_id as string,
    rev: row.rev as bigint,
    state: row.state as string,
    body: row.body as string,
    createdAt: Number(row.created_at),
    writtenAt: Number(row.written_at),
  };
  return recordMac(key, bookId, record) === row.mac ? record : null;
}

export function changedRecord({ kind, record_id }: SqlRow): string {
  return `record ${kind} ${record_id} was changed behind the ledger`;
}
