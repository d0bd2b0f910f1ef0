export { type Joined, WriterHub } from './hub.ts';
export { LIMITS } from './limits.ts';
export { type OpenedLedger, openSqliteLedger, type SqliteLedgerOptions } from './open.ts';
export { operatorAccount } from './operator.ts';
export type { WriterMessage, WriterReply } from './protocol.ts';
export { openReceiptReader, type ReceiptReader } from './receipt-reader.ts';
export { RelayPort } from './relay-port.ts';
export { openSharedLedger, type SharedLedgerOptions } from './shared.ts';
export type * from './types.ts';
