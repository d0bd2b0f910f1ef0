UPDATE books SET stopped = ?, stop_reason = ? WHERE book_id = ?
