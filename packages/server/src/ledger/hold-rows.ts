import type { Hex, ProofKind, ReceiptMode } from '@tallystick/core';
import type { SqlRow } from '#ground/database';
import type { OpenHold } from './books.ts';
import type { HoldLine } from './types.ts';

/** Holds, each with the reservation that it is within. */
export const HOLDS_WITHIN = 'SELECT h.*, w.reservation_id FROM holds h LEFT JOIN reservation_holds w ON w.hold_no = h.hold_no';

/** An open hold as its rows give it back after a restart: those of `HOLDS_WITHIN`. */
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
      ...(row.reservation_id == null ? {} : { within: row.reservation_id as string }),
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
