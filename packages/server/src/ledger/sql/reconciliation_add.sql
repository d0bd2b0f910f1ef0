INSERT INTO reconciliations (book_id, source_id, posting_seq, kind, from_at, to_at, provider_total, ours, edge, reported, ambiguous,
  returned, added, export_hash, key_ref, consent, at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
