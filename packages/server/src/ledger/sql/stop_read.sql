SELECT stopped, stop_reason FROM books WHERE book_id = ?
