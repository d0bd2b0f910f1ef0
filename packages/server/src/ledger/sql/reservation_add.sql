INSERT INTO reservations (book_id, reservation_id, tenant_id, key_id, created_at, state) VALUES (?, ?, ?, ?, ?, 'open')
