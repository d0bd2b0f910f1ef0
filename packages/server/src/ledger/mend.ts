import { type AccountRow, accountDifferences } from './account-row.ts';
import { accountOf, auditRow, readAccount } from './audit.ts';
import { addEvidence, addPosting, type Books, publish, remember } from './books.ts';
import type { TamperFinding } from './types.ts';

/** The reason of an account that was frozen because its row was changed. */
export const TAMPERED = 'tampered';

/**
 * Mends an account whose row is not what the writer wrote: keeps what was found as evidence, puts the row back to the writer's own memory
 * or to its postings, and freezes it. Where the postings are not sound either, the row stays as it is, and frozen.
 * @param held the sum of the account's open holds, where the writer does not remember the account.
 * @returns the finding, or null where the row is as it should be (then something else is wrong).
 */
export function mendAccount(books: Books, id: string, held: bigint): TamperFinding | null {
  const found = readAccount(books, id);
  const expected = books.accounts.get(id);
  const finding = expected === undefined ? unremembered(books, found, held) : remembered(found, expected);
  if (finding === null) return null;
  addEvidence(books, 'tampered', id, { what: finding.what, found, expected: finding.truth });
  publish(books, 'account.tampered', id, { what: finding.what });
  const base = finding.truth ?? (found === undefined ? null : plausible(found, held));
  if (base !== null) freezeMended(books, base, found);
  return { accountId: id, what: finding.what, at: books.now };
}

function remembered(found: AccountRow | undefined, expected: AccountRow): { what: string; truth: AccountRow } | null {
  if (found === undefined) return { what: 'its row is gone', truth: expected };
  const changed = accountDifferences(found, expected);
  return changed.length === 0 ? null : { what: `changed: ${changed.join(', ')}`, truth: expected };
}

function unremembered(books: Books, found: AccountRow | undefined, held: bigint): { what: string; truth: AccountRow | null } | null {
  return found === undefined ? { what: 'its row is gone', truth: null } : auditRow(books, found, held);
}

/** The least change that makes an unexplained row fit the schema's own checks. Nothing is trusted: the account is frozen. */
function plausible(found: AccountRow, held: bigint): AccountRow {
  const spent = found.spent < 0n ? 0n : found.spent;
  const ceiling = found.ceiling < held + spent ? held + spent : found.ceiling;
  return { ...found, spent, held, ceiling };
}

function freezeMended(books: Books, base: AccountRow, found: AccountRow | undefined): void {
  const final = base.state === 'revoked' || base.state === 'destroyed';
  const version = (found !== undefined && found.version > base.version ? found.version : base.version) + 1n;
  const frozen: AccountRow = { ...base, state: final ? base.state : 'frozen', stateReason: TAMPERED, version };
  const a = addPosting(books, frozen, {
    kind: 'state',
    contraId: '',
    amount: 0n,
    businessId: `state:${base.id}:${base.seq + 1n}`,
    ref: TAMPERED,
    digest: '',
    at: books.now,
  });
  books.sql.account_restore.run(
    books.bookId,
    a.id,
    a.kind,
    a.tenantId,
    a.asset,
    a.ceiling,
    a.limit,
    a.held,
    a.spent,
    a.overrun,
    a.parent,
    a.period,
    a.state,
    a.stateReason,
    a.expiresAt,
    a.version,
    a.seq,
    a.head,
    a.receipts,
    a.receipted,
    a.createdAt,
    a.opensAt,
  );
  remember(books, a);
}

/** Freezes the source of a hold whose row was changed, and keeps the fact as evidence. The hold is not settled: opening the books looks again. */
export function mendHold(books: Books, holdId: string, sourceId: string): void {
  addEvidence(books, 'tampered', sourceId, { what: `its hold ${holdId} was changed`, found: null, expected: null });
  publish(books, 'account.tampered', sourceId, { what: 'a hold was changed', holdId });
  const row = accountOf(books, sourceId);
  if (row !== undefined) freezeMended(books, row, row);
}
