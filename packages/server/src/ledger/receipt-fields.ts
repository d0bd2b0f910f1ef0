import type { SqlRow } from '#ground/database';
import type { ReceiptFields } from './chain.ts';

/** A receipt lies in three tables: its own row, the hold it ends, and its lane. */
export const RECEIPT_SELECT = `
  SELECT r.lane_no, r.seq, r.kind, r.source_id, r.source_seq, r.charged, r.source_spent, r.ended_at, r.lines, r.amount, r.response_hash,
    r.attestation_hash, r.detail, h.hold_no, h.hold_id, h.receipt_id, h.call_id, h.attempt, h.mode, h.tenant_hash, h.source_hash,
    h.provider_hash, h.tariff_id, h.created_at, h.request_hash, l.lane_id
  FROM receipts r JOIN holds h ON h.hold_no = r.hold_no JOIN lanes l ON l.lane_no = r.lane_no`;

export function receiptFields(row: SqlRow): ReceiptFields {
  return {
    receiptId: row.receipt_id as string,
    holdId: row.hold_id as string,
    callId: row.call_id as string,
    attempt: Number(row.attempt),
    laneId: row.lane_id as string,
    seq: row.seq as bigint,
    kind: Number(row.kind),
    mode: Number(row.mode),
    tenantHash: row.tenant_hash as string,
    sourceHash: row.source_hash as string,
    providerHash: row.provider_hash as string,
    sourceSeq: row.source_seq as bigint,
    charged: row.charged as bigint,
    sourceSpent: row.source_spent as bigint,
    tariffId: row.tariff_id as string,
    startedAt: Number(row.created_at),
    endedAt: Number(row.ended_at),
    lines: row.lines as string,
    amount: row.amount as bigint,
    requestHash: row.request_hash as string,
    responseHash: row.response_hash as string,
    attestationHash: row.attestation_hash as string,
    detail: row.detail as string,
  };
}
