import type { Hex, ProofKind, ReceiptMode } from '@tallystick/core';
import type { SqlRow } from '#ground/database';
import type { OpenHold } from './books.ts';
import type { HoldLine } from './types.ts';

/** An open hold as its rows give it back after a restart. */
export function openHoldOf(row: SqlRow, lines: readonly HoldLine[]): OpenHold {
  return {
    holdNo: row.hold_no as bigint,
    createdAt: Number(row.created_at),
    epoch: row.epoch_id as string,
    request: {
      holdId: row.hold_id as string,
      callId: row.call_id as string,
      attempt: Number(row.attempt),
      sourceId: row.source_id as string,
      keyId: row.key_id as string,
      tenantId: row.tenant_id as string,
      lines,
      guarded: row.proof === 'count',
      nonce: row.nonce as string,
      receiptId: row.receipt_id as string,
      mode: Number(row.mode) as ReceiptMode,
      proof: row.proof as ProofKind,
      tariffId: row.tariff_id as Hex,
      factsVersion: row.facts_version as string,
      tenantHash: row.tenant_hash as Hex,
      sourceHash: row.source_hash as Hex,
      providerHash: row.provider_hash as Hex,
      requestHash: row.request_hash as Hex,
      detail: JSON.parse(row.detail as string),
    },
  };
}

export function holdLineOf(row: SqlRow): HoldLine {
  return { accountId: row.account_id as string, amount: row.amount as bigint };
}
