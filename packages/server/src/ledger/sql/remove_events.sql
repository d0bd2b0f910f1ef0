DELETE FROM outbox WHERE book_id = ? AND month = ? AND seq BETWEEN ? AND ?
