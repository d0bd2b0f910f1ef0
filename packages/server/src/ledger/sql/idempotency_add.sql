-- The first hold of a call takes the key; a further attempt of the same call takes it over from one that provably was not billed.
INSERT INTO idempotency (book_id, key_id, route, idempotency_key, body_mac, hold_no, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (book_id, key_id, route, idempotency_key) DO UPDATE SET hold_no = excluded.hold_no
WHERE body_mac = excluded.body_mac
  AND EXISTS (SELECT 1 FROM holds AS earlier WHERE earlier.hold_no = idempotency.hold_no AND earlier.call_id = ?8 AND earlier.state = 'released')
