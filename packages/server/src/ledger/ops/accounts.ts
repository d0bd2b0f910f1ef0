import { type AccountRow, toAccount } from '../account-row.ts';
import { accountOf } from '../audit.ts';
import { addPosting, type Books, publish, remember, writeAccount, writeOpening } from '../books.ts';
import { CHAIN_START, type PostingKind, reconciliationDigest } from '../chain.ts';
import { LedgerFault } from '../fault.ts';
import { operatorAccount } from '../operator.ts';
import type { Reconciliation } from '../reconciliation.ts';
import type { Account, AccountState, NewAccount } from '../types.ts';
import { addReconciliation } from './reconciliations.ts';

/** @throws LedgerFault INPUT_INVALID where the id is taken. */
export function openAccount(books: Books, account: NewAccount): void {
  mustBeNew(books, account);
  insertAccount(books, account);
}

/** @throws LedgerFault INPUT_INVALID, TAMPERED. Checked for all new accounts before the first is written. */
export function mustBeNew(books: Books, account: NewAccount): void {
  if (accountOf(books, account.id) !== undefined) {
    throw new LedgerFault('INPUT_INVALID', `There is an account ${account.id} already.`, { accountId: account.id });
  }
}

export function insertAccount(books: Books, account: NewAccount): void {
  const opening: AccountRow = {
    id: account.id,
    kind: account.kind,
    tenantId: account.tenantId,
    asset: account.asset,
    ceiling: account.ceiling,
    limit: account.limit,
    held: 0n,
    spent: 0n,
    overrun: 0n,
    parent: account.parent ?? null,
    period: null,
    state: 'active',
    stateReason: null,
    expiresAt: account.expiresAt === undefined ? null : BigInt(account.expiresAt),
    version: 1n,
    seq: 0n,
    head: CHAIN_START,
    receipts: 0n,
    receipted: 0n,
    createdAt: BigInt(books.now),
    opensAt: account.opensAt === undefined ? null : BigInt(account.opensAt),
  };
  const row = addPosting(books, opening, event(books, opening, 'open', account.kind));
  books.sql.account_open.run(
    books.bookId,
    row.id,
    row.kind,
    row.tenantId,
    row.asset,
    row.ceiling,
    row.limit,
    row.parent,
    row.expiresAt,
    row.head,
    row.createdAt,
    row.opensAt,
  );
  remember(books, row);
}

/** @throws RowChanged, LedgerFault TAMPERED */
export function auditedAccount(books: Books, { accountId }: { accountId: string }): Account | null {
  const row = accountOf(books, accountId);
  return row === undefined ? null : toAccount(row);
}

export type LimitChange = { readonly accountId: string; readonly limit: bigint; readonly ref: string; readonly onlyDown?: true };

/** @throws LedgerFault NOT_FOUND, LIMIT_INVALID, STATE_INVALID */
export function setLimit(books: Books, { accountId, limit, ref, onlyDown }: LimitChange): void {
  const before = existingAccount(books, accountId);
  if (isFinal(before.state)) throw new LedgerFault('STATE_INVALID', `Account ${accountId} is ${before.state}.`, { state: before.state });
  if (limit > before.ceiling) {
    throw new LedgerFault('LIMIT_INVALID', `The limit ${limit} is above the ceiling ${before.ceiling}.`, {
      ceiling: before.ceiling.toString(),
    });
  }
  if (limit === before.limit || (onlyDown === true && limit > before.limit)) return;
  const after = { ...before, limit };
  writeAccount(books, before, addPosting(books, after, event(books, after, 'limit', ref)));
  publish(books, 'account.limit', accountId, { limit: limit.toString(), before: before.limit.toString(), ref });
}

export type Opening = { readonly accountId: string; readonly opensAt: number; readonly ref: string };

export type StateChange = { accountId: string; state: AccountState; reason: string; reconciledSpent: bigint | undefined };

/** @throws LedgerFault NOT_FOUND, STATE_INVALID */
export function setState(books: Books, { accountId, state, reason, reconciledSpent }: StateChange): void {
  const before = existingAccount(books, accountId);
  if (isFinal(before.state) && !(before.state === 'revoked' && state === 'destroyed') && state !== before.state) {
    throw new LedgerFault('STATE_INVALID', `Account ${accountId} is ${before.state}, which is final.`, { state: before.state });
  }
  const stateReason = state === 'active' ? null : reason;
  if (state === before.state && stateReason === before.stateReason) return;
  const thaws = before.state === 'frozen' && (state === 'active' || state === 'paused');
  if (thaws && reconciledSpent === undefined) {
    throw new LedgerFault('STATE_INVALID', 'A frozen account is left by reconciling: give what the provider says was spent.', {
      state: 'frozen',
    });
  }
  let after = before;
  if (thaws) after = reconcileAll(books, after, reconciledSpent as bigint, reason);
  after = { ...after, state, stateReason };
  writeAccount(books, before, addPosting(books, after, event(books, after, 'state', reason)));
  publish(books, 'account.state', accountId, { state, before: before.state, reason });
}

/** Never earlier than it is: what would be is left as it is. @throws LedgerFault NOT_FOUND, STATE_INVALID */
export function raiseOpensAt(books: Books, { accountId, opensAt, ref }: Opening): void {
  const before = existingAccount(books, accountId);
  if (isFinal(before.state)) throw new LedgerFault('STATE_INVALID', `Account ${accountId} is ${before.state}.`, { state: before.state });
  if (before.opensAt !== null && before.opensAt >= BigInt(opensAt)) return;
  const opened = { ...before, opensAt: BigInt(opensAt) };
  const after = addPosting(books, opened, event(books, opened, 'opens', ref));
  writeOpening(books, before, after);
  publish(books, 'account.opens', accountId, { opensAt, before: before.opensAt === null ? null : Number(before.opensAt), ref });
}

/** Raises what was spent to what the provider says of all time. For a source, that is kept as a reconciliation of everything up to now. */
function reconcileAll(books: Books, row: AccountRow, reconciledSpent: bigint, ref: string): AccountRow {
  const ours = row.spent + row.overrun;
  const added = reconciledSpent > ours ? reconciledSpent - ours : 0n;
  if (row.kind !== 'source') return added === 0n ? row : addMissing(books, row, added, ref, '');
  const nothing = { edge: 0n, reported: 0n, ambiguous: 0n, returned: 0n, exportHash: '', keyRef: '', consent: '' };
  const interval = { kind: 'total', from: 0, to: books.now, providerTotal: reconciledSpent, ours, added } as const;
  const reconciliation: Reconciliation = { sourceId: row.id, ...interval, ...nothing, at: books.now };
  const after = addMissing(books, row, added, ref, reconciliationDigest(reconciliation));
  addReconciliation(books, row.seq + 1n, reconciliation);
  return after;
}

/** Posts what the provider has and we have not. What has no room under the ceiling counts as overrun, so that nothing is lost. */
export function addMissing(books: Books, row: AccountRow, missing: bigint, ref: string, digest: string): AccountRow {
  const room = row.ceiling - row.held - row.spent;
  const within = missing < room ? missing : room;
  let after = { ...row, spent: row.spent + within };
  after = addPosting(books, after, { ...transfer(books, after, 'reconcile', within, ref), digest });
  if (missing > within) {
    after = { ...after, overrun: after.overrun + missing - within };
    after = addPosting(books, after, transfer(books, after, 'overrun', missing - within, ref));
  }
  return after;
}

export function event(books: Books, row: AccountRow, kind: PostingKind, ref: string) {
  return { kind, contraId: '', amount: 0n, businessId: `${kind}:${row.id}:${row.seq + 1n}`, ref, digest: '', at: books.now };
}

function transfer(books: Books, row: AccountRow, kind: PostingKind, amount: bigint, ref: string) {
  return { ...event(books, row, kind, ref), contraId: operatorAccount('reconciled', row.asset), amount };
}

export function existingAccount(books: Books, accountId: string): AccountRow {
  const row = accountOf(books, accountId);
  if (row === undefined || row.kind === 'operator') throw new LedgerFault('NOT_FOUND', `There is no account ${accountId}.`, { accountId });
  return row;
}

export function isFinal(state: AccountState): boolean {
  return state === 'revoked' || state === 'destroyed';
}
