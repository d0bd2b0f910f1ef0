import type { SqlRow } from '#ground/database';
import { type AccountRow, accountRow } from './account-row.ts';
import { auditRow } from './audit.ts';
import { type OpenHold, remember, rememberOpen, type SqliteBooks } from './books.ts';
import { HOLDS_WITHIN, holdLineOf, openHoldOf } from './hold-rows.ts';
import { LIMITS } from './limits.ts';
import { mendAccount } from './mend.ts';
import { burnOpen } from './ops/burn.ts';
import type { Recovery } from './protocol.ts';
import { RESERVED } from './reservation-rows.ts';
import type { TamperFinding } from './types.ts';
import { transaction } from './writer.ts';

/**
 * What opening the books does before anyone is served: checks every account against its postings and its open holds, freezes those that
 * differ, then burns every open hold, since all are of dead epochs (this process is the only writer and has placed none). Reservations stand:
 * what a burned hold within one does not spend goes back to it.
 */
export function recover(books: SqliteBooks): Recovery {
  const holds = openHolds(books);
  const held = new Map<string, bigint>();
  for (const { request } of holds) {
    for (const { accountId, amount } of request.lines) held.set(accountId, (held.get(accountId) ?? 0n) + amount);
  }
  for (const row of books.db.prepare(RESERVED).iterate(books.bookId)) {
    const { accountId, amount } = holdLineOf(row as SqlRow);
    held.set(accountId, (held.get(accountId) ?? 0n) + amount);
  }
  const tampered = auditAccounts(books, held);
  const gone = new Set(tampered.filter(({ accountId }) => !books.accounts.has(accountId)).map(({ accountId }) => accountId));
  for (let from = 0; from < holds.length; from += LIMITS.burnBatch) {
    transaction(books, () => {
      for (const hold of holds.slice(from, from + LIMITS.burnBatch)) {
        rememberOpen(books, hold);
        burnOpen(books, hold, gone);
      }
    });
  }
  return { tampered, burned: holds.length };
}

function openHolds(books: SqliteBooks): readonly OpenHold[] {
  const linesOf = books.db.prepare('SELECT account_id, amount FROM hold_lines WHERE hold_no = ? ORDER BY account_id');
  const rows = books.db.prepare(`${HOLDS_WITHIN} WHERE h.state = 'open' ORDER BY h.hold_no`).all() as SqlRow[];
  return rows.map((row) => openHoldOf(row, (linesOf.all(row.hold_no as bigint) as SqlRow[]).map(holdLineOf)));
}

function auditAccounts(books: SqliteBooks, held: ReadonlyMap<string, bigint>): readonly TamperFinding[] {
  const bad: string[] = [];
  const missing = new Set(held.keys());
  for (const sql of books.db.prepare('SELECT * FROM accounts WHERE book_id = ?').iterate(books.bookId)) {
    const row: AccountRow = accountRow(sql as SqlRow);
    const open = held.get(row.id) ?? 0n;
    missing.delete(row.id);
    if (auditRow(books, row, open) !== null) bad.push(row.id);
    else if (open > 0n || books.accounts.size < LIMITS.accountsRemembered) remember(books, row);
  }
  books.journal.commit();
  const findings: TamperFinding[] = [];
  for (const id of [...bad, ...missing]) {
    const finding = transaction(books, () => mendAccount(books, id, held.get(id) ?? 0n));
    if (finding !== null) findings.push(finding);
  }
  return findings;
}
