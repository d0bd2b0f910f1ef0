import type { SqlRow } from '#ground/database';
import { permitMac } from '#ground/permit';
import type { AccountRow } from '../account-row.ts';
import { accountOf } from '../audit.ts';
import { type Books, RowChanged, remember, rememberOpen, takeNumber } from '../books.ts';
import { LedgerFault } from '../fault.ts';
import { LIMITS } from '../limits.ts';
import { monthOf } from '../months.ts';
import type { AccountBalance, HoldRequest, HoldResult, HoldState } from '../types.ts';
import { guardBand, type Need, refusalOf } from './admission.ts';
import { addWithin, ownLine, takeFrom } from './within.ts';

/**
 * Places a hold on all its accounts or on none. `request.lines` are in id order.
 * @throws LedgerFault (nothing is written then) INPUT_INVALID, LEDGER_UNAVAILABLE · RowChanged
 */
export function hold(books: Books, request: HoldRequest): HoldResult {
  const before = earlier(books, request);
  if (before !== null) return before;
  const needs = needsOf(books, request);
  const refusal = books.stop !== null ? ({ code: 'POOL_STOPPED', reason: books.stop } as const) : needs.refusal;
  if (refusal !== null) {
    // What was placed before is told even where it would not be placed again.
    return existing(books, books.sql.hold_by_id.get(books.bookId, request.holdId) as SqlRow | undefined, request, true) ?? refused(refusal);
  }
  if (books.open.size >= LIMITS.openHoldsMax) throw new LedgerFault('LEDGER_UNAVAILABLE', 'Too many holds are open.');
  const holdNo = addHold(books, request);
  if (holdNo === null) {
    const row = books.sql.hold_by_id.get(books.bookId, request.holdId) as SqlRow | undefined;
    return existing(books, row, request, true) as HoldResult;
  }
  addWithin(books, holdNo, request);
  const balances = needs.found.map((need) => place(books, holdNo, request, need));
  rememberOpen(books, { holdNo, request, createdAt: books.now, epoch: books.epoch });
  const { holdId, sourceId, nonce } = request;
  const fields = { holdId, sourceId, nonce, epoch: books.epoch };
  return { result: 'created', permit: { ...fields, mac: permitMac(books.ticketKey, fields) }, createdAt: books.now, balances };
}

function refused(refusal: Extract<HoldResult, { result: 'refused' }>['refusal']): HoldResult {
  return { result: 'refused', refusal };
}

/** An earlier hold under the same hold id (while it is open) or the same idempotency key. */
function earlier(books: Books, request: HoldRequest): HoldResult | null {
  const open = books.open.get(request.holdId);
  if (open !== undefined) {
    const ours = open.request.nonce === request.nonce && open.epoch === books.epoch;
    return { result: 'existing', holdId: request.holdId, state: 'open', receiptId: open.request.receiptId, sameBody: true, ours };
  }
  if (request.idempotency === undefined) return null;
  const { route, key, bodyMac } = request.idempotency;
  const found = books.sql.idempotency_read.get(books.bookId, request.keyId, route, key) as SqlRow | undefined;
  if (found === undefined) return null;
  const row = books.sql.hold_by_no.get(found.hold_no as bigint) as SqlRow | undefined;
  // A further attempt of the same call, after one that provably was not billed.
  if (row !== undefined && row.call_id === request.callId && row.state === 'released' && found.body_mac === bodyMac) return null;
  return existing(books, row, request, found.body_mac === bodyMac);
}

function existing(books: Books, row: SqlRow | undefined, request: HoldRequest, sameBody: boolean): HoldResult | null {
  if (row === undefined) return null;
  const ours = row.hold_id === request.holdId && row.nonce === request.nonce && row.epoch_id === books.epoch;
  const state = row.state as HoldState;
  return { result: 'existing', holdId: row.hold_id as string, state, receiptId: row.receipt_id as string, sameBody, ours };
}

function needsOf(
  books: Books,
  request: HoldRequest,
): { found: readonly Need[]; refusal: Extract<HoldResult, { result: 'refused' }>['refusal'] | null } {
  const found: Need[] = [];
  for (const { accountId, amount } of request.lines) {
    const row = accountOf(books, accountId);
    if (row === undefined) return { found, refusal: { code: 'ACCOUNT_UNKNOWN', accountId } };
    if (row.kind === 'operator') throw new LedgerFault('INPUT_INVALID', 'No hold is placed on an operator account.', { accountId });
    if (accountId === request.sourceId && (row.kind !== 'source' || row.asset !== 'tokens')) {
      throw new LedgerFault('INPUT_INVALID', 'The source of a hold is an account of kind source that counts tokens.', { accountId });
    }
    const isGuarded = amount > 0n && (request.guarded === true || books.guarded.has(accountId));
    found.push({ row, need: amount, guard: isGuarded ? guardBand(row.limit) : 0n, ...ownLine(books, request, row, amount) });
  }
  return { found, refusal: refusalOf(found, books) };
}

/** @returns the hold's number, or null where the hold id is there already. */
function addHold(books: Books, r: HoldRequest): bigint | null {
  const { bookId, sql, now } = books;
  const { changes } = sql.hold_add.run(
    books.nextHoldNo,
    bookId,
    monthOf(now),
    r.holdId,
    r.callId,
    r.attempt,
    r.sourceId,
    r.keyId,
    r.tenantId,
    r.nonce,
    r.receiptId,
    r.mode,
    r.proof,
    r.tariffId,
    r.factsVersion,
    r.tenantHash,
    r.sourceHash,
    r.providerHash,
    r.requestHash,
    JSON.stringify(r.detail),
    books.epoch,
    now,
  );
  if (Number(changes) === 0) return null;
  books.dirty = true;
  const holdNo = takeNumber(books, 'nextHoldNo');
  if (r.idempotency !== undefined) {
    const { route, key, bodyMac } = r.idempotency;
    const taken = sql.idempotency_add.run(bookId, r.keyId, route, key, bodyMac, holdNo, now, r.callId);
    if (Number(taken.changes) !== 1) throw new Error('an idempotency key was taken behind this writer’s back');
  }
  return holdNo;
}

function place(books: Books, holdNo: bigint, request: HoldRequest, need: Need): AccountBalance {
  books.sql.hold_line_add.run(holdNo, need.row.id, need.need);
  if (need.own !== undefined) takeFrom(books, request, need);
  const { id, asset, limit, held, spent, overrun } = addHeld(books, need);
  return { accountId: id, asset, limit, held, spent, overrun };
}

/** Adds to what an account has held; nothing, where it is held already by the hold's own reservation. @throws RowChanged */
export function addHeld(books: Books, { row, need, guard, own }: Need): AccountRow {
  const added = own === undefined ? need : 0n;
  const { changes } = books.sql.account_hold.run(
    added,
    books.bookId,
    row.id,
    books.now,
    row.version,
    row.held,
    row.spent,
    row.overrun,
    row.limit,
    row.ceiling,
    row.expiresAt,
    row.seq,
    row.head,
    row.receipts,
    row.receipted,
    guard > 0n ? 1 : 0,
    books.grantNow,
    row.opensAt,
    own === undefined ? 0n : own.left - need,
  );
  if (Number(changes) !== 1) throw new RowChanged(row.id);
  const after: AccountRow = { ...row, held: row.held + added, version: row.version + 1n };
  remember(books, after);
  return after;
}
