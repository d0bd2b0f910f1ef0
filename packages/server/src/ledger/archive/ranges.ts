import type { Database, SqlRow } from '#ground/database';
import type { RowRange } from '../protocol.ts';
import type { ArchiveContents } from './types.ts';

/** What may go from the books once the archive is sealed, table by table. Each account's last two postings stay. */
export function* rangesOf(db: Database, { month, lanes }: ArchiveContents): Generator<RowRange> {
  for (const span of db.prepare('SELECT account_id, seq_from, seq_to FROM spans ORDER BY account_id').iterate())
    yield { table: 'postings', accountId: span.account_id as string, from: span.seq_from as bigint, to: span.seq_to as bigint };
  for (const { laneNo, seqFrom: from, seqTo: to } of lanes) {
    yield { table: 'receipts', laneNo, from, to };
    yield { table: 'roots', laneNo, from, to };
  }
  const { low, high } = db.prepare('SELECT min(seq) AS low, max(seq) AS high FROM outbox').get() as SqlRow;
  if (low !== null) yield { table: 'events', month, from: low as bigint, to: high as bigint };
}

/** The same in steps of so many rows at most. */
export function* stepsOf(ranges: Iterable<RowRange>, rowsMax: number): Generator<readonly RowRange[]> {
  let step: RowRange[] = [];
  let room = BigInt(rowsMax);
  for (const range of ranges) {
    let { from } = range;
    while (from <= range.to) {
      const to = range.to - from < room ? range.to : from + room - 1n;
      step.push({ ...range, from, to });
      room -= to - from + 1n;
      from = to + 1n;
      if (room > 0n) continue;
      yield step;
      step = [];
      room = BigInt(rowsMax);
    }
  }
  if (step.length > 0) yield step;
}
