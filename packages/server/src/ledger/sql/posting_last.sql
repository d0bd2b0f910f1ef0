SELECT * FROM postings WHERE book_id = ? AND account_id = ? ORDER BY seq DESC LIMIT 2
