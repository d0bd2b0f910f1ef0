import type { SqlRow } from '#ground/database';
import type { AccountRow } from '../account-row.ts';
import { addPosting, type Books, publish, writeAccount } from '../books.ts';
import { reconciliationDigest } from '../chain.ts';
import { LedgerFault } from '../fault.ts';
import { TAMPERED } from '../mend.ts';
import { endOfMonth, monthName } from '../months.ts';
import { operatorAccount } from '../operator.ts';
import type { ReconcileRequest, ReconcileResult, Reconciliation } from '../reconciliation.ts';
import { addMissing, event, existingAccount, isFinal } from './accounts.ts';
import { firstKept, firstSince, headOf, type IntervalSums, sumInterval } from './interval.ts';
import { judge } from './judge.ts';
import { addReconciliation } from './reconciliations.ts';

/**
 * Compares a closed interval of a source with its provider's total, once. What is certain to be too much is reversed, out of the operator
 * account `ambiguous`; what is certain to be missing is posted. No posting is changed, and no receipt.
 * @throws LedgerFault NOT_FOUND, STATE_INVALID, INPUT_INVALID, TAMPERED
 */
export function reconcile(books: Books, { request, dryRun }: { request: ReconcileRequest; dryRun: boolean }): ReconcileResult {
  const before = existingAccount(books, request.sourceId);
  checkInterval(books, before, request);
  const sums = sumInterval(books, before, request);
  if (request.resume) checkResume(books, before, request, sums);
  const { settle } = (books.sql.source_settle.get(books.bookId, request.sourceId) as SqlRow | undefined) ?? { settle: 'metered' };
  const { returned, added, notReturned } = judge(sums, request.providerTotal, request.returnMax, settle === 'hold');
  const { sourceId, from, to, providerTotal, exportHash, keyRef, consent, resume } = request;
  const { ours, edge, reported, ambiguous } = sums;
  const amounts = { providerTotal, ours, edge, reported, ambiguous, returned, added };
  const reconciliation: Reconciliation = { sourceId, kind: 'interval', from, to, ...amounts, exportHash, keyRef, consent, at: books.now };
  if (!dryRun) post(books, before, reconciliation, resume);
  return { reconciliation, notReturned, resumed: resume && before.state === 'frozen' };
}

function checkInterval(books: Books, row: AccountRow, { from, to, lagMs, edgeMs }: ReconcileRequest): void {
  if (row.kind !== 'source' || row.asset !== 'tokens') throw new LedgerFault('NOT_FOUND', `There is no source ${row.id}.`);
  if (isFinal(row.state)) throw refused(`The source is ${row.state}; that is final.`);
  if (to > books.now - Math.max(lagMs, edgeMs)) {
    const earliest = new Date(to + Math.max(lagMs, edgeMs)).toISOString();
    throw refused(`The interval must be over for long enough that the provider has counted all of it: try again after ${earliest}.`);
  }
  checkArchived(books, from, edgeMs);
  const overlap = books.sql.reconciliation_overlap.get(books.bookId, row.id, to, from) as SqlRow | undefined;
  if (overlap !== undefined) {
    const [first, last] = [overlap.from_at, overlap.to_at].map((at) => new Date(Number(at)).toISOString());
    throw refused(
      overlap.kind === 'total'
        ? `The provider’s total of all time was taken at ${last}: an interval begins there or later.`
        : `An interval is reconciled once, and ${first} to ${last} was.`,
    );
  }
  if (books.sql.open_before.get(books.bookId, row.id, to + edgeMs) !== undefined)
    throw refused('A call that was sent in the interval, or before it, is still running.');
}

/** What is archived is compared no more: its postings are not in the books, so nothing can be given back for them. */
function checkArchived(books: Books, from: number, edgeMs: number): void {
  const archived = books.sql.archive_last.get(books.bookId) as SqlRow | undefined;
  const month = Number(archived?.month ?? 0n);
  if (archived === undefined || from - edgeMs >= endOfMonth(month)) return;
  const earliest = new Date(endOfMonth(month) + edgeMs).toISOString();
  throw refused(`Everything up to the end of ${monthName(month)} is archived: an interval begins at ${earliest} or later.`);
}

/**
 * A frozen source goes on only where the interval covers everything that froze it, with no call at its edges, so that nothing the
 * provider has is left out. Books that were put back may lack any call since the last posting before the process began that saw it.
 */
function checkResume(books: Books, row: AccountRow, { from, to }: ReconcileRequest, { edge }: IntervalSums): void {
  if (row.state !== 'frozen') throw refused(`The source is ${row.state}, not frozen.`);
  const whole = 'give the provider’s total of all time instead';
  if (row.stateReason === TAMPERED) throw refused(`The source’s row was changed behind the ledger: ${whole}.`);
  if (edge > 0n) throw refused(`Calls touch an edge of the interval: choose edges at which nothing ran, or ${whole}.`);
  const thawed = books.sql.posting_thawed.get(books.bookId, row.id) as SqlRow | undefined;
  const frozenAt = Number(headOf(books, row, ((thawed?.seq as bigint | undefined) ?? 0n) + 1n).at);
  if (frozenAt >= to) throw refused(`The source was frozen at ${new Date(frozenAt).toISOString()}, after the interval.`);
  const knownAt = row.stateReason === 'overrun' ? frozenAt : lastKnown(books, row, frozenAt);
  if (knownAt === null) throw refused(`What the source had before it was frozen is archived: ${whole}.`);
  if (from > knownAt) throw refused(`The interval must begin at ${new Date(knownAt).toISOString()} or earlier, or ${whole}.`);
}

/** When the source's last posting was made before the process began that froze it; null where an archive has that posting. */
function lastKnown(books: Books, row: AccountRow, frozenAt: number): number | null {
  const { started_at } = books.sql.epoch_at.get(books.bookId, frozenAt) as SqlRow;
  const next = firstSince(books, row, Number(started_at));
  if (next > 1n && next === firstKept(books, row)) return null;
  return Number(headOf(books, row, next > 1n ? next - 1n : 1n).at);
}

function post(books: Books, before: AccountRow, r: Reconciliation, resume: boolean): void {
  const ref = `reconciled ${r.from} ${r.to}`;
  const digest = reconciliationDigest(r);
  let after = before;
  if (r.returned > 0n) {
    after = { ...after, spent: after.spent - r.returned };
    const contraId = operatorAccount('ambiguous', after.asset);
    after = addPosting(books, after, { ...event(books, after, 'reversal', ref), contraId, amount: r.returned, digest });
  } else after = addMissing(books, after, r.added, ref, digest);
  if (resume) {
    after = { ...after, state: 'active', stateReason: null };
    after = addPosting(books, after, event(books, after, 'state', ref));
    publish(books, 'account.state', after.id, { state: 'active', before: before.state, reason: ref });
  }
  writeAccount(books, before, after);
  addReconciliation(books, before.seq + 1n, r);
}

function refused(why: string): LedgerFault {
  return new LedgerFault('STATE_INVALID', why);
}
