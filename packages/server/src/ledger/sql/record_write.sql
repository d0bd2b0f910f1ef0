INSERT INTO records (book_id, kind, record_id, rev, state, body, created_at, written_at, mac) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (book_id, kind, record_id) DO UPDATE SET
  rev = excluded.rev, state = excluded.state, body = excluded.body, written_at = excluded.written_at, mac = excluded.mac
