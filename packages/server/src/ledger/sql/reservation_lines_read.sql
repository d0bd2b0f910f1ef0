SELECT * FROM reservation_lines WHERE book_id = ? AND reservation_id = ? ORDER BY account_id
