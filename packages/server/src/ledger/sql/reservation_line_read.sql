SELECT * FROM reservation_lines WHERE book_id = ? AND reservation_id = ? AND account_id = ?
