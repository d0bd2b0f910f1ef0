import {
  detailHash,
  type Hex,
  type Receipt,
  type ReceiptKind,
  type ReceiptMode,
  type UsageLine,
  uuidBytes32,
  ZERO_32,
} from '@tallystick/core';
import type { SqlRow } from '#ground/sqlite';
import type { ReceiptFields } from './chain.ts';
import type { ReceiptDetail, ReceiptGroup } from './types.ts';

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

export function receiptOf(row: SqlRow): Receipt {
  const r = receiptFields(row);
  return {
    kind: r.kind as ReceiptKind,
    mode: r.mode as ReceiptMode,
    callId: r.callId.startsWith('0x') ? (r.callId as Hex) : uuidBytes32(r.callId),
    attempt: r.attempt,
    refHash: ZERO_32,
    jobId: ZERO_32,
    tenantId: r.tenantHash as Hex,
    sourceId: r.sourceHash as Hex,
    sourceSeq: r.sourceSeq,
    charged: r.charged,
    sourceSpent: r.sourceSpent,
    providerId: r.providerHash as Hex,
    laneId: r.laneId as Hex,
    seq: r.seq,
    channelId: ZERO_32,
    tariffId: r.tariffId as Hex,
    startedAt: BigInt(r.startedAt),
    endedAt: BigInt(r.endedAt),
    lines: usageLines(r.lines),
    amount: r.amount,
    requestHash: r.requestHash as Hex,
    responseHash: r.responseHash as Hex,
    attestationHash: r.attestationHash as Hex,
    detailHash: detailHash(detailOf(row)),
  };
}

export function detailOf(row: SqlRow): ReceiptDetail {
  return JSON.parse(row.detail as string) as ReceiptDetail;
}

function usageLines(text: string): readonly UsageLine[] {
  const lines = JSON.parse(text) as readonly (readonly [number, string, string])[];
  return lines.map(([unit, quantity, amount]) => ({ unit, quantity: BigInt(quantity), amount: BigInt(amount) }));
}

export function receiptGroupOf(row: SqlRow, laneId: Hex): ReceiptGroup {
  return {
    laneId,
    seqFrom: row.seq_from as bigint,
    seqTo: row.seq_to as bigint,
    root: row.root as Hex,
    total: BigInt(row.total as string),
    signature: row.signature as Hex,
    signer: row.signer as Hex,
    signedAt: Number(row.signed_at),
  };
}
