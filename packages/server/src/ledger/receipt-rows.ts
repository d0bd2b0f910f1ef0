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
import type { SqlRow } from '#ground/database';
import { receiptFields } from './receipt-fields.ts';
import type { ReceiptDetail, ReceiptGroup } from './types.ts';

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
