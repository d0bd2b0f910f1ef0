-- Amounts that are kept for the holds of one piece of work. What is left of a line is `amount - spent - held`; while its reservation is open
-- that is part of what its account has held. An account's `held` is the sum of its open holds and of what is left of open reservations.

CREATE TABLE reservations (
  book_id text COLLATE "C" NOT NULL,
  reservation_id text COLLATE "C" NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'ended')),
  ended_at bigint,
  PRIMARY KEY (book_id, reservation_id)
);

CREATE INDEX reservations_open ON reservations (book_id, reservation_id) WHERE state = 'open';

CREATE TABLE reservation_lines (
  book_id text COLLATE "C" NOT NULL,
  reservation_id text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  amount bigint NOT NULL CHECK (amount BETWEEN 0 AND 4611686018427387904),
  -- Of it, by holds within that have ended, and what those that are open hold. Both stay as they are once the reservation has ended.
  spent bigint NOT NULL CHECK (spent >= 0),
  held bigint NOT NULL CHECK (held >= 0),
  -- HMAC over all of the above and the reservation's state.
  mac text COLLATE "C" NOT NULL,
  PRIMARY KEY (book_id, reservation_id, account_id),
  CHECK (spent + held <= amount)
) WITH (fillfactor = 50);

-- Which holds are within which reservation.
CREATE TABLE reservation_holds (
  hold_no bigint PRIMARY KEY,
  book_id text COLLATE "C" NOT NULL,
  reservation_id text COLLATE "C" NOT NULL
);

CREATE TRIGGER reservations_no_delete BEFORE DELETE ON reservations FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER reservations_no_update BEFORE UPDATE OF book_id, reservation_id, tenant_id, key_id, created_at ON reservations
FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER reservations_end_once BEFORE UPDATE ON reservations FOR EACH ROW WHEN (old.state <> 'open') EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER reservation_lines_no_delete BEFORE DELETE ON reservation_lines FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER reservation_lines_no_update BEFORE UPDATE OF book_id, reservation_id, account_id, amount ON reservation_lines
FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER reservation_holds_no_delete BEFORE DELETE ON reservation_holds FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER reservation_holds_no_update BEFORE UPDATE ON reservation_holds FOR EACH ROW EXECUTE FUNCTION tally_immutable();
