SELECT * FROM accounts WHERE book_id = ? AND account_id = ?
