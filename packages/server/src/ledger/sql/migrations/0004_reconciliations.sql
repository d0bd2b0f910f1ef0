-- What was compared with a provider's own total. Each row belongs to the posting that it made, whose digest covers it.
-- kind: interval (from an export) · total (of all time up to `to_at`, on the operator's word, where a frozen source was resumed).
CREATE TABLE reconciliations (
  book_id TEXT NOT NULL,
  source_id TEXT NOT NULL,
  posting_seq INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('interval', 'total')),
  -- Unix ms; `to_at` is not part of it. Intervals of one source never overlap.
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL CHECK (to_at > from_at),
  provider_total INTEGER NOT NULL CHECK (provider_total >= 0),
  -- Settled in it · of calls that touch an edge · inside, as the provider itself reported · inside, of unknown outcome.
  ours INTEGER NOT NULL CHECK (ours >= 0),
  edge INTEGER NOT NULL CHECK (edge >= 0),
  reported INTEGER NOT NULL CHECK (reported >= 0),
  ambiguous INTEGER NOT NULL CHECK (ambiguous >= 0),
  returned INTEGER NOT NULL CHECK (returned >= 0 AND returned <= ambiguous),
  added INTEGER NOT NULL CHECK (added >= 0 AND (added = 0 OR returned = 0)),
  -- SHA-256 of the export; '' where there is none.
  export_hash TEXT NOT NULL,
  -- The provider's name of the key, where its export has one; else ''.
  key_ref TEXT NOT NULL,
  -- The donor's signature, where one was needed; else ''.
  consent TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (book_id, source_id, posting_seq)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER reconciliations_no_update BEFORE UPDATE ON reconciliations BEGIN SELECT raise(ABORT, 'reconciliations are immutable'); END;
CREATE TRIGGER reconciliations_no_delete BEFORE DELETE ON reconciliations BEGIN SELECT raise(ABORT, 'reconciliations are immutable'); END;

-- A reversal takes part of what was posted as ambiguous back, and belongs to the same operator account.
DROP INDEX postings_to_operator;
CREATE INDEX postings_to_operator ON postings (book_id, contra_id, amount) WHERE kind IN ('ambiguous', 'overrun', 'reconcile', 'reversal');
