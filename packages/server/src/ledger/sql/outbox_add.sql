INSERT INTO outbox (seq, book_id, month, topic, subject, at, body) VALUES (?, ?, ?, ?, ?, ?, ?)
