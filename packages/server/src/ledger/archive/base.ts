import { monthName } from '../months.ts';
import type { Verifying } from '../verify.ts';
import { archivesIn } from './choose.ts';
import { columnsOf, holdsSum } from './columns.ts';
import { archiveMac, checkpointOf, NO_CHECKPOINT } from './rows.ts';
import type { Archive, Checkpoint } from './types.ts';

/** What the books rest on: the checkpoint of the last archived month, and the last archived receipt of each lane. */
export type Base = Checkpoint & { readonly laneEnds: ReadonlyMap<bigint, bigint>; readonly isRemoved: boolean };

/** Checks all checkpoints, each tied to the one before it. @returns the last. */
export async function verifyBase(context: Verifying): Promise<Base> {
  const { bookId, key, say } = context;
  const archives = await archivesIn(context, bookId);
  const laneEnds = new Map<bigint, bigint>();
  let before: Archive | null = null;
  for (const archive of archives) {
    const name = `the checkpoint of ${monthName(archive.month)}`;
    if (archiveMac(key, bookId, archive) !== archive.mac) say(`${name} was changed`);
    if (archive.previousMac !== (before?.mac ?? '')) say(`${name} does not follow the one before it`);
    if (before?.state === 'sealed') say(`${name} is there before the rows of ${monthName(before.month)} were removed`);
    for (const { laneNo, seqFrom, seqTo } of archive.lanes) {
      if (seqFrom !== (laneEnds.get(laneNo) ?? 0n) + 1n) say(`${name} leaves out receipts of lane number ${laneNo}`);
      laneEnds.set(laneNo, seqTo);
    }
    before = archive;
  }
  const base = { ...(before === null ? NO_CHECKPOINT : checkpointOf(before)), laneEnds, isRemoved: before?.state !== 'sealed' };
  if (base.isRemoved) await verifyRemoved(context, base);
  return base;
}

async function verifyRemoved({ rows, bookId, say }: Verifying, { month }: Base): Promise<void> {
  for await (const { n } of rows('SELECT count(*) AS n FROM receipts WHERE book_id = ? AND month <= ?', bookId, month))
    if (n !== 0n) say(`${n} receipts of archived months are in the books again`);
}

/** The holds of archived receipts stay, because their ids are never taken twice: they must be what they were. */
export async function verifyKeptHolds({ rows, bookId, key, say }: Verifying, base: Base): Promise<void> {
  const sum = holdsSum(key);
  const sql = `SELECT ${columnsOf('holds', 'h')} FROM holds h
    JOIN (SELECT lane_no, max(seq_to) AS seq_to FROM archive_lanes WHERE book_id = ? GROUP BY lane_no) a ON a.lane_no = h.lane_no
    WHERE h.book_id = ? AND h.lane_seq <= a.seq_to`;
  for await (const row of rows(sql, bookId, bookId)) sum.add(row);
  if (sum.hex !== base.holds) say('the holds of archived receipts are not those of their checkpoint');
}
