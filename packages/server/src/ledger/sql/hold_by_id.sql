SELECT hold_no, hold_id, state, receipt_id, nonce, epoch_id FROM holds WHERE book_id = ? AND hold_id = ?
