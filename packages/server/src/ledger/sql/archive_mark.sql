UPDATE archives SET state = ? WHERE book_id = ? AND month = ?
