UPDATE reservations SET state = 'ended', ended_at = ? WHERE book_id = ? AND reservation_id = ? AND state = 'open'
