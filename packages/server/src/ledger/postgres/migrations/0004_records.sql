-- What other rooms keep beside the books. Written by revision, all or none; no balance rests on it.
CREATE TABLE records (
  book_id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  record_id text COLLATE "C" NOT NULL,
  rev bigint NOT NULL CHECK (rev >= 1),
  state text COLLATE "C" NOT NULL,
  body text COLLATE "C" NOT NULL,
  -- Unix ms.
  created_at bigint NOT NULL,
  written_at bigint NOT NULL,
  -- HMAC over all of the above.
  mac text COLLATE "C" NOT NULL,
  PRIMARY KEY (book_id, kind, record_id)
);

CREATE INDEX records_by_state ON records (book_id, kind, state, record_id);

-- What a source has spent on calls of unknown outcome is added up from here: few rows.
CREATE INDEX holds_burned ON holds (book_id, source_id) WHERE state = 'burned';
