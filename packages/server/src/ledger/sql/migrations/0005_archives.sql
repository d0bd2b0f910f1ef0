-- Months that are archived: their postings, receipts, signed roots and events are in a file, and a checkpoint stays here.
CREATE TABLE archives (
  book_id TEXT NOT NULL,
  -- yyyymm; everything of this month and of those before it is archived.
  month INTEGER NOT NULL,
  -- sealed: the file is whole, rows may still be here · removed: they are gone · done: the audit log has it.
  state TEXT NOT NULL CHECK (state IN ('sealed', 'removed', 'done')),
  -- SHA-256 of the file, hex, and its length.
  file_hash TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  postings INTEGER NOT NULL,
  receipts INTEGER NOT NULL,
  roots INTEGER NOT NULL,
  events INTEGER NOT NULL,
  -- Sums of keyed MACs over what stays of all archived months: each account's last two postings, the holds, the reconciliations.
  kept TEXT NOT NULL,
  holds TEXT NOT NULL,
  reconciliations TEXT NOT NULL,
  -- JSON: what operator accounts received, [amount, postings] by account.
  operators TEXT NOT NULL,
  sealed_at INTEGER NOT NULL,
  -- HMAC over all of the above but the state, the lanes, and the checkpoint before; '' before the first.
  previous_mac TEXT NOT NULL,
  mac TEXT NOT NULL,
  PRIMARY KEY (book_id, month)
) STRICT, WITHOUT ROWID;

-- Which receipts of a lane are in which archive.
CREATE TABLE archive_lanes (
  book_id TEXT NOT NULL,
  month INTEGER NOT NULL,
  lane_no INTEGER NOT NULL,
  seq_from INTEGER NOT NULL,
  seq_to INTEGER NOT NULL CHECK (seq_to >= seq_from),
  PRIMARY KEY (book_id, lane_no, seq_to)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER archives_no_delete BEFORE DELETE ON archives BEGIN SELECT raise(ABORT, 'archives are immutable'); END;
CREATE TRIGGER archives_no_update BEFORE UPDATE OF
  book_id, month, file_hash, bytes, postings, receipts, roots, events, kept, holds, reconciliations, operators, sealed_at, previous_mac, mac
ON archives BEGIN SELECT raise(ABORT, 'archives are immutable'); END;
CREATE TRIGGER archive_lanes_no_delete BEFORE DELETE ON archive_lanes BEGIN SELECT raise(ABORT, 'archives are immutable'); END;
CREATE TRIGGER archive_lanes_no_update BEFORE UPDATE ON archive_lanes BEGIN SELECT raise(ABORT, 'archives are immutable'); END;

-- A row may go where a sealed archive has it, until all of that month are gone. An account's last two archived postings stay.
DROP TRIGGER postings_no_delete;
CREATE TRIGGER postings_no_delete BEFORE DELETE ON postings
WHEN old.month > coalesce((SELECT max(month) FROM archives WHERE book_id = old.book_id AND state = 'sealed'), 0)
  OR (SELECT count(*) FROM (
    SELECT 1 FROM postings p WHERE p.book_id = old.book_id AND p.account_id = old.account_id AND p.seq > old.seq
      AND p.month <= (SELECT max(month) FROM archives WHERE book_id = old.book_id AND state = 'sealed') LIMIT 2)) < 2
BEGIN SELECT raise(ABORT, 'postings are immutable'); END;

DROP TRIGGER receipts_no_delete;
CREATE TRIGGER receipts_no_delete BEFORE DELETE ON receipts
WHEN NOT EXISTS (SELECT 1 FROM archive_lanes l JOIN archives a ON a.book_id = l.book_id AND a.month = l.month
  WHERE l.book_id = old.book_id AND l.lane_no = old.lane_no AND old.seq BETWEEN l.seq_from AND l.seq_to AND a.state = 'sealed')
BEGIN SELECT raise(ABORT, 'receipts are immutable'); END;

DROP TRIGGER receipt_groups_no_delete;
CREATE TRIGGER receipt_groups_no_delete BEFORE DELETE ON receipt_groups
WHEN NOT EXISTS (SELECT 1 FROM lanes n JOIN archive_lanes l ON l.book_id = n.book_id AND l.lane_no = n.lane_no
  JOIN archives a ON a.book_id = l.book_id AND a.month = l.month
  WHERE n.lane_no = old.lane_no AND old.seq_to BETWEEN l.seq_from AND l.seq_to AND a.state = 'sealed')
BEGIN SELECT raise(ABORT, 'signed roots are immutable'); END;
