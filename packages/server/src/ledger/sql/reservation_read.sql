SELECT * FROM reservations WHERE book_id = ? AND reservation_id = ?
