DELETE FROM receipts WHERE book_id = ? AND lane_no = ? AND seq BETWEEN ? AND ?
