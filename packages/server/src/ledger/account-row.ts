import type { SqlRow } from '#ground/database';
import type { Account, AccountKind, AccountState, Asset } from './types.ts';

/** An account as the writer keeps it: exactly the row it wrote last. Never changed in place, always replaced. */
export type AccountRow = {
  readonly id: string;
  readonly kind: AccountKind;
  readonly tenantId: string;
  readonly asset: Asset;
  readonly ceiling: bigint;
  readonly limit: bigint;
  readonly held: bigint;
  readonly spent: bigint;
  readonly overrun: bigint;
  readonly parent: string | null;
  readonly period: string | null;
  readonly state: AccountState;
  readonly stateReason: string | null;
  readonly expiresAt: bigint | null;
  readonly version: bigint;
  readonly seq: bigint;
  readonly head: string;
  readonly receipts: bigint;
  readonly receipted: bigint;
  readonly createdAt: bigint;
  readonly opensAt: bigint | null;
};

export function accountRow(row: SqlRow): AccountRow {
  return {
    id: row.account_id as string,
    kind: row.kind as AccountKind,
    tenantId: row.tenant_id as string,
    asset: row.asset as Asset,
    ceiling: row.ceiling as bigint,
    limit: row.spend_limit as bigint,
    held: row.held as bigint,
    spent: row.spent as bigint,
    overrun: row.overrun as bigint,
    parent: row.parent_id as string | null,
    period: row.period as string | null,
    state: row.state as AccountState,
    stateReason: row.state_reason as string | null,
    expiresAt: row.expires_at as bigint | null,
    version: row.version as bigint,
    seq: row.seq as bigint,
    head: row.head as string,
    receipts: row.receipts as bigint,
    receipted: row.receipted as bigint,
    createdAt: row.created_at as bigint,
    opensAt: row.opens_at as bigint | null,
  };
}

export function toAccount(row: AccountRow): Account {
  return {
    id: row.id,
    kind: row.kind,
    tenantId: row.tenantId,
    asset: row.asset,
    ceiling: row.ceiling,
    limit: row.limit,
    held: row.held,
    spent: row.spent,
    overrun: row.overrun,
    parent: row.parent,
    state: row.state,
    stateReason: row.stateReason,
    expiresAt: row.expiresAt === null ? null : Number(row.expiresAt),
    version: row.version,
    seq: row.seq,
    head: row.head,
    createdAt: Number(row.createdAt),
    opensAt: row.opensAt === null ? null : Number(row.opensAt),
  };
}

/** @returns the names of the columns in which two rows of one account differ. */
export function accountDifferences(found: AccountRow, expected: AccountRow): readonly string[] {
  return (Object.keys(expected) as (keyof AccountRow)[]).filter((column) => found[column] !== expected[column]);
}
