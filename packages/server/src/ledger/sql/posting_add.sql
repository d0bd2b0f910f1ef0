INSERT INTO postings (book_id, account_id, seq, month, kind, contra_id, amount, business_id, ref, digest, at, ceiling, spend_limit,
  spent, overrun, state, state_reason, expires_at, receipts, receipted, head, opens_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
