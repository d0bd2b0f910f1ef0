SELECT count(*) AS n FROM reservations WHERE book_id = ? AND state = 'open'
