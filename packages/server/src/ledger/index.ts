export { LIMITS } from './limits.ts';
export { openSqliteLedger, type SqliteLedgerOptions } from './open.ts';
export { findPostgresBooks, importToPostgres, openPostgresLedger } from './open-postgres.ts';
export { operatorAccount } from './operator.ts';
export type { PostgresLedgerOptions } from './postgres/open.ts';
export { openReceiptReader, type ReceiptReader } from './receipt-reader.ts';
export type { OpenedLedger } from './started.ts';
export type * from './types.ts';
