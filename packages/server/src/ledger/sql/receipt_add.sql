INSERT INTO receipts (lane_no, seq, book_id, month, hold_no, kind, source_id, source_seq, charged, source_spent, ended_at, lines, amount,
  response_hash, attestation_hash, detail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
