INSERT INTO keys (book_id, key_id, name, tenant_id, hash, hint, credit_account_id, sources, created_at, expires_at, replay_s, used_for)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
