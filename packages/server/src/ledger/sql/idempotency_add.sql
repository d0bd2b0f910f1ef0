INSERT INTO idempotency (book_id, key_id, route, idempotency_key, body_mac, hold_no, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
