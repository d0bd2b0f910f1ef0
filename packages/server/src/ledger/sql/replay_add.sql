INSERT INTO replays (book_id, receipt_id, key_id, call_id, expires_at, size, sealed) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (book_id, receipt_id) DO NOTHING
