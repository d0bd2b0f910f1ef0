INSERT INTO reservation_holds (hold_no, book_id, reservation_id) VALUES (?, ?, ?)
