SELECT * FROM postings WHERE book_id = ? AND account_id = ? AND seq >= ? AND seq < ? ORDER BY seq
