INSERT INTO sources (book_id, source_id, name, provider, base_url, mode, settle, count_consent, models, tariff, created_at,
  pool, group_ids, minutes_account_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
