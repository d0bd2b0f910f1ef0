import type { KeyObject } from 'node:crypto';
import { KeyedSum } from './sums.ts';

/** The columns of an archive's tables, as the books have them. What stays in the books is summed up over them, so their order is fixed. */
export const COLUMNS = {
  postings: [
    ...['book_id', 'account_id', 'seq', 'month', 'kind', 'contra_id', 'amount', 'business_id', 'ref', 'digest', 'at', 'ceiling'],
    ...['spend_limit', 'spent', 'overrun', 'state', 'state_reason', 'expires_at', 'receipts', 'receipted', 'head', 'opens_at'],
  ],
  receipts: [
    ...['lane_no', 'seq', 'book_id', 'month', 'hold_no', 'kind', 'source_id', 'source_seq', 'charged', 'source_spent', 'ended_at', 'lines'],
    ...['amount', 'response_hash', 'attestation_hash', 'detail'],
  ],
  holds: [
    ...['hold_no', 'book_id', 'month', 'hold_id', 'call_id', 'attempt', 'source_id', 'key_id', 'tenant_id', 'nonce', 'receipt_id', 'mode'],
    ...['proof', 'tariff_id', 'facts_version', 'tenant_hash', 'source_hash', 'provider_hash', 'request_hash', 'detail', 'epoch_id'],
    ...['created_at', 'state', 'ended_at', 'lane_no', 'lane_seq'],
  ],
  receipt_groups: ['lane_no', 'seq_to', 'seq_from', 'root', 'total', 'signature', 'signer', 'signed_at'],
  outbox: ['seq', 'book_id', 'month', 'topic', 'subject', 'at', 'body'],
  reconciliations: [
    ...['book_id', 'source_id', 'posting_seq', 'kind', 'from_at', 'to_at', 'provider_total', 'ours', 'edge', 'reported', 'ambiguous'],
    ...['returned', 'added', 'export_hash', 'key_ref', 'consent', 'at'],
  ],
  lanes: ['lane_no', 'book_id', 'lane_id'],
  accounts: ['account_id', 'kind', 'tenant_id', 'asset', 'parent_id', 'period', 'created_at'],
} as const;

export type ArchivedTable = keyof typeof COLUMNS;

/** The columns of a table in a statement. @param as the table's short name. */
export function columnsOf(table: ArchivedTable, as: string): string {
  return COLUMNS[table].map((column) => `${as}.${column}`).join(', ');
}

/** The last two archived postings of each account. */
export function keptSum(key: KeyObject, from?: string): KeyedSum {
  return new KeyedSum(key, 'tally-kept-posting/1', COLUMNS.postings, from);
}

export function holdsSum(key: KeyObject, from?: string): KeyedSum {
  return new KeyedSum(key, 'tally-kept-hold/1', COLUMNS.holds, from);
}

export function reconciliationsSum(key: KeyObject, from?: string): KeyedSum {
  return new KeyedSum(key, 'tally-kept-reconciliation/1', COLUMNS.reconciliations, from);
}
