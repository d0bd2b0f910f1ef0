INSERT INTO archives (book_id, month, state, file_hash, bytes, postings, receipts, roots, events, kept, holds, reconciliations, operators,
  sealed_at, previous_mac, mac)
VALUES (?, ?, 'sealed', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
