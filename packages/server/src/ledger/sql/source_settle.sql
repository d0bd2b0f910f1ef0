SELECT settle FROM sources WHERE book_id = ? AND source_id = ?
