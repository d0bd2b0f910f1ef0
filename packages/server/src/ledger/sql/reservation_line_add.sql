INSERT INTO reservation_lines (book_id, reservation_id, account_id, amount, spent, held, mac) VALUES (?, ?, ?, ?, 0, 0, ?)
