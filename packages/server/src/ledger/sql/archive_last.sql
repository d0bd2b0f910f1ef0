SELECT * FROM archives WHERE book_id = ? ORDER BY month DESC LIMIT 1
