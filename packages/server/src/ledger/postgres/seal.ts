import type { KeyObject } from 'node:crypto';
import { hmacSha256Hex } from '#ground/hmac';
import type { AccountRow } from '../account-row.ts';

/**
 * The MAC over an account's whole row, made by the writer that writes it. What holds change is in no posting, and the next batch may be
 * another writer's: by the seal it knows that the row was written by one.
 * @param guarded open holds on it whose amounts rest on evidence.
 * @returns 64 hex characters.
 */
export function rowSeal(key: KeyObject, bookId: string, a: AccountRow, guarded: bigint): string {
  const texts = [bookId, a.id, a.kind, a.tenantId, a.asset, a.parent, a.period, a.state, a.stateReason, a.head];
  const free = texts.map((text) => (text === null ? '-|' : `${text.length}:${text}|`)).join('');
  const text =
    `tally-row/1|${a.version}|${a.ceiling}|${a.limit}|${a.held}|${a.spent}|${a.overrun}|${a.expiresAt ?? ''}|${a.seq}|${a.receipts}|` +
    `${a.receipted}|${a.createdAt}|${guarded}|${free}${a.opensAt === null ? '' : `opens:${a.opensAt}|`}`;
  return hmacSha256Hex(key, text);
}
