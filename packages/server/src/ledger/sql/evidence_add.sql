INSERT INTO evidence (book_id, kind, subject, at, body) VALUES (?, ?, ?, ?, ?)
