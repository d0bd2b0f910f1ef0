import type { KeyObject } from 'node:crypto';
import { TallyError } from '@tallystick/core';
import type { SqlRow } from '#ground/database';
import type { ReadEngine } from './reads.ts';
import { changedRecord, soundRecord } from './record-row.ts';
import type { BookRecord, LedgerRecords, RecordsQuery } from './record-types.ts';

/** Reads of records beside the writer, each checked by its MAC. */
export type RecordReads = Pick<LedgerRecords, 'record' | 'records' | 'recordStates'>;

export function recordReads(engine: ReadEngine, bookId: string, key: KeyObject): RecordReads {
  const sound = (row: SqlRow): BookRecord => {
    const record = soundRecord(key, bookId, row);
    if (record !== null) return record;
    throw new TallyError('TAMPERED', `The ${changedRecord(row)}.`, { kind: row.kind as string, id: row.record_id as string });
  };
  const one = 'SELECT * FROM records WHERE book_id = ? AND kind = ? AND record_id = ?';
  const all = 'SELECT * FROM records WHERE book_id = ? AND kind = ? AND record_id > ? ORDER BY record_id LIMIT ?';
  const ofState = 'SELECT * FROM records WHERE book_id = ? AND kind = ? AND state = ? AND record_id > ? ORDER BY record_id LIMIT ?';
  const states = 'SELECT state, count(*) AS n FROM records WHERE book_id = ? AND kind = ? GROUP BY state ORDER BY state';
  return {
    async recordStates(kind: string): Promise<ReadonlyMap<string, number>> {
      const rows = await engine.all(states, bookId, kind);
      return new Map(rows.map(({ state, n }) => [state as string, Number(n)]));
    },
    async record(kind: string, id: string): Promise<BookRecord | null> {
      const [row] = await engine.all(one, bookId, kind, id);
      return row === undefined ? null : sound(row);
    },
    async records(kind: string, { state, after = '', limit }: RecordsQuery): Promise<readonly BookRecord[]> {
      const rows =
        state === undefined ? engine.all(all, bookId, kind, after, limit) : engine.all(ofState, bookId, kind, state, after, limit);
      return (await rows).map(sound);
    },
  };
}
