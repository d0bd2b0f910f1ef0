-- What other rooms keep beside the books. Written by revision, all or none; no balance rests on it.
CREATE TABLE records (
  book_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  record_id TEXT NOT NULL,
  rev INTEGER NOT NULL CHECK (rev >= 1),
  state TEXT NOT NULL,
  body TEXT NOT NULL,
  -- Unix ms.
  created_at INTEGER NOT NULL,
  written_at INTEGER NOT NULL,
  -- HMAC over all of the above.
  mac TEXT NOT NULL,
  PRIMARY KEY (book_id, kind, record_id)
) STRICT;

CREATE INDEX records_by_state ON records (book_id, kind, state, record_id);

-- What a source has spent on calls of unknown outcome is added up from here: few rows.
CREATE INDEX holds_burned ON holds (book_id, source_id) WHERE state = 'burned';
