SELECT key_id, call_id, state FROM holds WHERE book_id = ? AND receipt_id = ?
