-- Months that are archived: their postings, receipts, signed roots and events are in a file, and a checkpoint stays here. Partitions of
-- archived months are dropped; the last two postings of each account stay in one partition of their own, `postings_kept_<month>`.

CREATE TABLE archives (
  book_id text COLLATE "C" NOT NULL,
  -- yyyymm; everything of this month and of those before it is archived.
  month bigint NOT NULL,
  -- sealed: the file is whole, rows may still be here · removed: they are gone · done: the audit log has it.
  state text COLLATE "C" NOT NULL CHECK (state IN ('sealed', 'removed', 'done')),
  -- SHA-256 of the file, hex, and its length.
  file_hash text COLLATE "C" NOT NULL,
  bytes bigint NOT NULL,
  postings bigint NOT NULL,
  receipts bigint NOT NULL,
  roots bigint NOT NULL,
  events bigint NOT NULL,
  -- Sums of keyed MACs over what stays of all archived months: each account's last two postings, the holds, the reconciliations.
  kept text COLLATE "C" NOT NULL,
  holds text COLLATE "C" NOT NULL,
  reconciliations text COLLATE "C" NOT NULL,
  -- JSON: what operator accounts received, [amount, postings] by account.
  operators text COLLATE "C" NOT NULL,
  sealed_at bigint NOT NULL,
  -- HMAC over all of the above but the state, the lanes, and the checkpoint before; '' before the first.
  previous_mac text COLLATE "C" NOT NULL,
  mac text COLLATE "C" NOT NULL,
  PRIMARY KEY (book_id, month)
);

-- Which receipts of a lane are in which archive.
CREATE TABLE archive_lanes (
  book_id text COLLATE "C" NOT NULL,
  month bigint NOT NULL,
  lane_no bigint NOT NULL,
  seq_from bigint NOT NULL,
  seq_to bigint NOT NULL CHECK (seq_to >= seq_from),
  PRIMARY KEY (book_id, lane_no, seq_to)
);

-- A row of a month that is being archived, or was: nothing is added to it.
CREATE FUNCTION tally_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the month of % is closed', TG_TABLE_NAME USING ERRCODE = 'TA004';
END $$;

-- A root may go where a sealed archive has it, until all of that month are gone.
CREATE FUNCTION tally_root_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM lanes n JOIN archive_lanes l ON l.book_id = n.book_id AND l.lane_no = n.lane_no
    JOIN archives a ON a.book_id = l.book_id AND a.month = l.month
    WHERE n.lane_no = old.lane_no AND old.seq_to BETWEEN l.seq_from AND l.seq_to AND a.state = 'sealed') THEN
    RAISE EXCEPTION 'signed roots are immutable' USING ERRCODE = 'TA002';
  END IF;
  RETURN old;
END $$;

CREATE TRIGGER archives_no_delete BEFORE DELETE ON archives FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER archives_no_update BEFORE UPDATE OF
  book_id, month, file_hash, bytes, postings, receipts, roots, events, kept, holds, reconciliations, operators, sealed_at, previous_mac, mac
ON archives FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER archive_lanes_no_delete BEFORE DELETE ON archive_lanes FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER archive_lanes_no_update BEFORE UPDATE ON archive_lanes FOR EACH ROW EXECUTE FUNCTION tally_immutable();

DROP TRIGGER receipt_groups_no_delete ON receipt_groups;
CREATE TRIGGER receipt_groups_no_delete BEFORE DELETE ON receipt_groups FOR EACH ROW EXECUTE FUNCTION tally_root_delete();
