export { LIMITS } from './limits.ts';
export { type OpenedLedger, openSqliteLedger, type SqliteLedgerOptions } from './open.ts';
export { operatorAccount } from './operator.ts';
export { openReceiptReader, type ReceiptReader } from './receipt-reader.ts';
export type * from './reconciliation.ts';
export type * from './types.ts';
