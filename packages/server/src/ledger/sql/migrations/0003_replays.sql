-- For how many seconds after its end a call's answer is kept for its retry; 0 = not at all.
ALTER TABLE keys ADD COLUMN replay_s INTEGER NOT NULL DEFAULT 0 CHECK (replay_s BETWEEN 0 AND 86400);

-- Answers kept for retries, sealed under the caller's own virtual key, which is not in the books. They move no money, and they go away.
CREATE TABLE replays (
  -- In the order in which they came: the oldest is dropped first.
  replay_no INTEGER PRIMARY KEY,
  book_id TEXT NOT NULL,
  receipt_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  call_id TEXT NOT NULL,
  -- Unix ms; part of what the seal covers.
  expires_at INTEGER NOT NULL,
  -- Bytes of `sealed`.
  size INTEGER NOT NULL CHECK (size > 0),
  sealed BLOB NOT NULL,
  UNIQUE (book_id, receipt_id)
) STRICT;

CREATE INDEX replays_by_expiry ON replays (book_id, expires_at);
CREATE INDEX replays_by_key ON replays (book_id, key_id);
