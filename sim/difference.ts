import type { Database, SqlRow } from '../packages/server/src/ground/database.ts';
import type { Shadow } from './shadow.ts';

/** Where the accounts, open holds and reservations of the last commit are not the shadow's; null where they are. */
export function difference(db: Database, shadow: Shadow): string | null {
  return accounts(db, shadow) ?? counts(db, shadow) ?? reservations(db, shadow) ?? sums(db, shadow);
}

function accounts(db: Database, shadow: Shadow): string | null {
  const rows = db.prepare('SELECT account_id, held, spent, overrun, spend_limit, state FROM accounts').all() as SqlRow[];
  for (const row of rows) {
    const account = shadow.accounts.get(row['account_id'] as string);
    const found = `held ${row['held']}, spent ${row['spent']}, overrun ${row['overrun']}, limit ${row['spend_limit']}, ${row['state']}`;
    const expected = `held ${account?.held}, spent ${account?.spent}, overrun ${account?.overrun}, limit ${account?.limit}, ${account?.state}`;
    if (found !== expected) return `${row['account_id']} has ${found}; expected: ${expected}`;
  }
  return null;
}

function counts(db: Database, shadow: Shadow): string | null {
  const [counted] = db
    .prepare(
      "SELECT max(hold_no) AS holds, (SELECT count(*) FROM holds WHERE state = 'open') AS open, (SELECT stopped FROM books) AS stopped FROM holds",
    )
    .all() as SqlRow[];
  const openHolds = [...shadow.holds.values()].filter(({ state }) => state === 'open').length;
  const found = `${counted?.['holds'] ?? 0n} holds, ${counted?.['open']} open, stopped ${counted?.['stopped'] === 1n}`;
  const expected = `${shadow.holds.size} holds, ${openHolds} open, stopped ${shadow.stopped}`;
  return found === expected ? null : `there are ${found}; expected: ${expected}`;
}

function reservations(db: Database, shadow: Shadow): string | null {
  const rows = db
    .prepare(
      `SELECT l.*, r.state FROM reservations r JOIN reservation_lines l ON l.book_id = r.book_id AND l.reservation_id = r.reservation_id
       ORDER BY l.reservation_id, l.account_id`,
    )
    .all() as SqlRow[];
  const found = rows.map((row) => {
    return `${row['reservation_id']} ${row['state']}: ${row['account_id']} ${row['amount']}, spent ${row['spent']}, held ${row['held']}`;
  });
  const expected = [...shadow.reservations.all]
    .flatMap(([id, { isOpen, lines }]) =>
      [...lines].map(([accountId, { amount, spent, held }]) => {
        return `${id} ${isOpen ? 'open' : 'ended'}: ${accountId} ${amount}, spent ${spent}, held ${held}`;
      }),
    )
    .sort();
  const at = [...found, ''].findIndex((line, i) => line !== (expected[i] ?? ''));
  return at === -1 && found.length === expected.length ? null : `a reservation is ${found[at]}; expected: ${expected[at]}`;
}

/** What every account holds is what its open holds hold, and what is left of open reservations. */
function sums(db: Database, shadow: Shadow): string | null {
  const open = `SELECT account_id, sum(amount) AS held FROM (
      SELECT l.account_id, l.amount FROM holds h JOIN hold_lines l ON l.hold_no = h.hold_no WHERE h.state = 'open'
      UNION ALL
      SELECT l.account_id, l.amount - l.spent - l.held FROM reservations r
      JOIN reservation_lines l ON l.book_id = r.book_id AND l.reservation_id = r.reservation_id WHERE r.state = 'open'
    ) GROUP BY account_id`;
  const held = new Map((db.prepare(open).all() as SqlRow[]).map((row) => [row['account_id'], row['held']]));
  for (const account of shadow.accounts.values()) {
    const sum = held.get(account.id) ?? 0n;
    if (sum !== account.held) return `${account.id} has open holds and reservations of ${sum}; expected: ${account.held}`;
  }
  return null;
}
