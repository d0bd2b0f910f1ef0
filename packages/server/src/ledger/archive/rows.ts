import { createHmac, type KeyObject } from 'node:crypto';
import type { SqlRow } from '#ground/database';
import { free } from '../chain.ts';
import { EMPTY_SUM } from './sums.ts';
import type { Archive, ArchiveDraft, ArchiveState, Checkpoint, LaneSpan, OperatorTotals } from './types.ts';

/** Before the first archive. */
export const NO_CHECKPOINT: Checkpoint = {
  month: 0,
  kept: EMPTY_SUM,
  holds: EMPTY_SUM,
  reconciliations: EMPTY_SUM,
  operators: {},
  mac: '',
};

export function laneSpanOf(row: SqlRow): LaneSpan {
  return { laneNo: row.lane_no as bigint, seqFrom: row.seq_from as bigint, seqTo: row.seq_to as bigint };
}

/** @param lanes the rows of its lanes. */
export function archiveOf(row: SqlRow, lanes: readonly SqlRow[]): Archive {
  return {
    month: Number(row.month),
    state: row.state as ArchiveState,
    fileHash: row.file_hash as string,
    bytes: Number(row.bytes),
    postings: Number(row.postings),
    receipts: Number(row.receipts),
    roots: Number(row.roots),
    events: Number(row.events),
    kept: row.kept as string,
    holds: row.holds as string,
    reconciliations: row.reconciliations as string,
    operators: JSON.parse(row.operators as string) as OperatorTotals,
    lanes: lanes.map(laneSpanOf),
    sealedAt: Number(row.sealed_at),
    previousMac: row.previous_mac as string,
    mac: row.mac as string,
  };
}

export function checkpointOf({ month, kept, holds, reconciliations, operators, mac }: Archive): Checkpoint {
  return { month, kept, holds, reconciliations, operators, mac };
}

/** Ties an archive to its file and to the one before it. The state is not part of it: it only goes on. */
export function archiveMac(key: KeyObject, bookId: string, a: ArchiveDraft & { readonly sealedAt: number }): string {
  const lanes = [...a.lanes].sort((one, other) => (one.laneNo < other.laneNo ? -1 : 1));
  const text =
    `tally-archive/1|${a.month}|${a.bytes}|${a.postings}|${a.receipts}|${a.roots}|${a.events}|${a.sealedAt}|${a.fileHash}|${a.kept}|` +
    `${a.holds}|${a.reconciliations}|${a.previousMac}|${free(bookId)}${free(JSON.stringify(a.operators))}` +
    lanes.map(({ laneNo, seqFrom, seqTo }) => `${laneNo}:${seqFrom}-${seqTo}|`).join('');
  return createHmac('sha256', key).update(text).digest('hex');
}
