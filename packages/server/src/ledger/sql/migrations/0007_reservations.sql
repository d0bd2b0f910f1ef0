-- Amounts that are kept for the holds of one piece of work. What is left of a line is `amount - spent - held`; while its reservation is open
-- that is part of what its account has held. An account's `held` is the sum of its open holds and of what is left of open reservations.

CREATE TABLE reservations (
  book_id TEXT NOT NULL,
  reservation_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state = 'open' OR state = 'ended'),
  ended_at INTEGER,
  PRIMARY KEY (book_id, reservation_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX reservations_open ON reservations (book_id, reservation_id) WHERE state = 'open';

CREATE TABLE reservation_lines (
  book_id TEXT NOT NULL,
  reservation_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount BETWEEN 0 AND 4611686018427387904),
  -- Of it, by holds within that have ended, and what those that are open hold. Both stay as they are once the reservation has ended.
  spent INTEGER NOT NULL CHECK (spent >= 0),
  held INTEGER NOT NULL CHECK (held >= 0),
  -- HMAC over all of the above and the reservation's state.
  mac TEXT NOT NULL,
  PRIMARY KEY (book_id, reservation_id, account_id),
  CHECK (spent + held <= amount)
) STRICT, WITHOUT ROWID;

-- Which holds are within which reservation.
CREATE TABLE reservation_holds (
  hold_no INTEGER PRIMARY KEY,
  book_id TEXT NOT NULL,
  reservation_id TEXT NOT NULL
) STRICT;

CREATE TRIGGER reservations_no_delete BEFORE DELETE ON reservations BEGIN SELECT raise(ABORT, 'reservations are immutable'); END;
CREATE TRIGGER reservations_no_update BEFORE UPDATE OF book_id, reservation_id, tenant_id, key_id, created_at ON reservations
BEGIN SELECT raise(ABORT, 'reservations are immutable'); END;
CREATE TRIGGER reservations_end_once BEFORE UPDATE ON reservations WHEN old.state <> 'open'
BEGIN SELECT raise(ABORT, 'a reservation ends once'); END;
CREATE TRIGGER reservation_lines_no_delete BEFORE DELETE ON reservation_lines BEGIN SELECT raise(ABORT, 'reservations are immutable'); END;
CREATE TRIGGER reservation_lines_no_update BEFORE UPDATE OF book_id, reservation_id, account_id, amount ON reservation_lines
BEGIN SELECT raise(ABORT, 'reservations are immutable'); END;
CREATE TRIGGER reservation_holds_no_delete BEFORE DELETE ON reservation_holds BEGIN SELECT raise(ABORT, 'holds are immutable'); END;
CREATE TRIGGER reservation_holds_no_update BEFORE UPDATE ON reservation_holds BEGIN SELECT raise(ABORT, 'holds are immutable'); END;
