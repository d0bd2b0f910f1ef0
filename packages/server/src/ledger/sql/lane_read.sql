SELECT lane_no, next_seq, signed_to FROM lanes WHERE book_id = ? AND lane_id = ?
