DELETE FROM postings WHERE book_id = ? AND account_id = ? AND seq BETWEEN ? AND ?
