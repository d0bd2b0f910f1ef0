SELECT hold_no, body_mac FROM idempotency WHERE book_id = ? AND key_id = ? AND route = ? AND idempotency_key = ?
