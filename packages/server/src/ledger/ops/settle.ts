import type { ReceiptKind } from '@tallystick/core';
import type { SqlRow } from '#ground/database';
import type { AccountRow } from '../account-row.ts';
import { accountOf } from '../audit.ts';
import {
  addEvidence,
  addPosting,
  type Books,
  forgetOpen,
  HoldChanged,
  type OpenHold,
  publish,
  takeNumber,
  writeAccount,
} from '../books.ts';
import { receiptDigest } from '../chain.ts';
import { LedgerFault } from '../fault.ts';
import { monthOf } from '../months.ts';
import type { Settlement } from '../protocol.ts';
import type { HoldState, SettleResult } from '../types.ts';
import { type Charge, chargesOf } from './charges.ts';
import { giveBack } from './within.ts';

const KINDS: Readonly<Record<Settlement['outcome'], ReceiptKind>> = { metered: 1, released: 1, burned: 2, bound: 3 };
const STATES: Readonly<Record<Settlement['outcome'], HoldState>> = {
  metered: 'settled',
  bound: 'settled',
  burned: 'burned',
  released: 'released',
};

/**
 * Ends a hold, once: charges its accounts, writes its receipt.
 * @throws LedgerFault (nothing is written then) INPUT_INVALID, TAMPERED · RowChanged · HoldChanged
 */
export function settle(books: Books, s: Settlement): SettleResult {
  const open = books.open.get(s.holdId);
  return open === undefined ? late(books, s) : settleOpen(books, open, s);
}

function late(books: Books, s: Settlement): SettleResult {
  const row = books.sql.hold_by_id.get(books.bookId, s.holdId) as SqlRow | undefined;
  if (row === undefined) return { result: 'unknown' };
  const state = row.state as HoldState;
  // The writer knows every open hold, so this row was put back behind it.
  if (state === 'open') throw new LedgerFault('TAMPERED', 'A hold that is not open is marked open in the books.');
  if (state === 'burned') {
    addEvidence(books, 'late_settle', s.holdId, { ...s });
    publish(books, 'hold.late_settle', s.holdId, { outcome: s.outcome, tokens: s.tokens.toString(), credits: s.credits.toString() });
  }
  return { result: 'already', state, receiptId: row.receipt_id as string };
}

type Line = { readonly row: AccountRow; readonly held: bigint; readonly charges: readonly Charge[] };

/** Settles a hold that is open, of this epoch or (when the books are opened) of a dead one. */
export function settleOpen(books: Books, open: OpenHold, s: Settlement): SettleResult {
  const { request } = open;
  const lines: Line[] = [];
  for (const { accountId, amount } of request.lines) {
    const row = accountOf(books, accountId);
    if (row !== undefined) lines.push({ row, held: amount, charges: chargesOf(row, amount, s) });
  }
  const source = lines.find(({ row }) => row.id === request.sourceId);
  const receipt = newReceipt(books, open, s, source);
  const outcome = chargeAll(books, open, lines, receiptDigest(receipt));
  endHold(books, open, s, receipt.seq);
  addReceipt(books, open, s, receipt);
  const { receiptId, seq, charged } = receipt;
  return { result: 'settled', receiptId, seq, charged, ...outcome };
}

type NewReceipt = Parameters<typeof receiptDigest>[0];

/** Takes the receipt's place in the lane and in the source's own count. */
function newReceipt(books: Books, open: OpenHold, s: Settlement, source: Line | undefined): NewReceipt {
  const { request } = open;
  const charged = sum(source?.charges ?? []);
  const detail = detailOf(open, s);
  return {
    receiptId: request.receiptId,
    holdId: request.holdId,
    callId: request.callId,
    attempt: request.attempt,
    laneId: books.laneId,
    seq: takeNumber(books, 'nextLaneSeq'),
    kind: KINDS[s.outcome],
    mode: request.mode,
    tenantHash: request.tenantHash,
    sourceHash: request.sourceHash,
    providerHash: request.providerHash,
    sourceSeq: (source?.row.receipts ?? 0n) + 1n,
    charged,
    sourceSpent: (source?.row.receipted ?? 0n) + charged,
    tariffId: request.tariffId,
    startedAt: open.createdAt,
    endedAt: s.endedAt > open.createdAt ? s.endedAt : open.createdAt,
    lines: s.outcome === 'released' ? '[]' : s.linesText,
    amount: s.outcome === 'released' ? 0n : s.amount,
    requestHash: request.requestHash,
    responseHash: s.responseHash,
    attestationHash: s.attestationHash,
    detail,
  };
}

function addReceipt(books: Books, open: OpenHold, s: Settlement, receipt: NewReceipt): void {
  const { request } = open;
  books.sql.receipt_add.run(
    books.laneNo,
    receipt.seq,
    books.bookId,
    monthOf(books.now),
    open.holdNo,
    receipt.kind,
    request.sourceId,
    receipt.sourceSeq,
    receipt.charged,
    receipt.sourceSpent,
    receipt.endedAt,
    receipt.lines,
    receipt.amount,
    receipt.responseHash,
    receipt.attestationHash,
    receipt.detail,
  );
  publish(books, 'receipt.settled', request.receiptId, {
    holdId: request.holdId,
    sourceId: request.sourceId,
    keyId: request.keyId,
    tenantId: request.tenantId,
    outcome: s.outcome,
    lane: books.laneId,
    seq: receipt.seq.toString(),
    charged: receipt.charged.toString(),
    amount: receipt.amount.toString(),
  });
}

/** The ledger's own words go last: what a call says of itself cannot take their place. */
function detailOf(open: OpenHold, s: Settlement): string {
  const { request } = open;
  const held = request.lines.find(({ accountId }) => accountId === request.sourceId)?.amount ?? 0n;
  const own = { held: held.toString(), proof: request.proof, facts: request.factsVersion, outcome: s.outcome };
  return JSON.stringify({ ...request.detail, ...s.detail, ...own });
}

/** Charges every account of the hold. @returns the named source's overrun, and whether a source was frozen for one. */
function chargeAll(books: Books, open: OpenHold, lines: readonly Line[], digest: string): { overrun: bigint; frozen: boolean } {
  let overrun = 0n;
  let frozen = false;
  let number = 0;
  for (const line of lines) {
    const named = line.row.id === open.request.sourceId;
    const charged = sum(line.charges);
    let after: AccountRow = { ...line.row, held: line.row.held - line.held + giveBack(books, open.request, line) };
    if (named) after = { ...after, receipts: after.receipts + 1n, receipted: after.receipted + charged };
    for (const charge of line.charges) {
      number += 1;
      after = chargedAccount(after, charge);
      const businessId = `hold:${open.request.holdId}:${number}`;
      after = addPosting(books, after, { ...charge, businessId, ref: open.request.receiptId, digest: named ? digest : '', at: books.now });
      if (charge.kind !== 'overrun') continue;
      if (named) overrun = charge.amount;
      if (after.kind === 'source') {
        frozen = true;
        publishOverrun(books, open, after, line.held, charge.amount);
      }
    }
    writeAccount(books, line.row, after);
  }
  return { overrun, frozen };
}

function chargedAccount(row: AccountRow, { kind, amount }: Charge): AccountRow {
  if (kind !== 'overrun') return { ...row, spent: row.spent + amount };
  const overrun = row.overrun + amount;
  // A source whose upstream bills beyond what it was sent stops here. A budget only counts it: it is not the tenant's fault.
  if (row.kind !== 'source' || row.state === 'revoked' || row.state === 'destroyed') return { ...row, overrun };
  return { ...row, overrun, state: 'frozen', stateReason: row.state === 'frozen' ? row.stateReason : 'overrun' };
}

function publishOverrun(books: Books, open: OpenHold, row: AccountRow, held: bigint, excess: bigint): void {
  publish(books, 'source.overrun', row.id, {
    holdId: open.request.holdId,
    receiptId: open.request.receiptId,
    held: held.toString(),
    actual: (held + excess).toString(),
    excess: excess.toString(),
    spent: row.spent.toString(),
    overrun: row.overrun.toString(),
    limit: row.limit.toString(),
    head: row.head,
  });
}

function endHold(books: Books, open: OpenHold, s: Settlement, seq: bigint): void {
  const { changes } = books.sql.hold_end.run(STATES[s.outcome], books.now, books.laneNo, seq, open.holdNo, open.request.holdId, open.epoch);
  if (Number(changes) !== 1) throw new HoldChanged(open.request.holdId, open.request.sourceId);
  forgetOpen(books, open);
}

function sum(charges: readonly Charge[]): bigint {
  return charges.reduce((total, { amount }) => total + amount, 0n);
}
