SELECT hold_no, hold_id, call_id, state, receipt_id, nonce, epoch_id FROM holds WHERE hold_no = ?
