-- A hold id that is there already adds nothing (and is then read); a call id or receipt id used twice is an error.
INSERT INTO holds (hold_no, book_id, month, hold_id, call_id, attempt, source_id, key_id, tenant_id, nonce, receipt_id, mode, proof,
  tariff_id, facts_version, tenant_hash, source_hash, provider_hash, request_hash, detail, epoch_id, created_at, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')
ON CONFLICT (book_id, hold_id) DO NOTHING
