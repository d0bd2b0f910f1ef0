SELECT state FROM archives WHERE book_id = ? AND month = ?
