INSERT INTO archive_lanes (book_id, month, lane_no, seq_from, seq_to) VALUES (?, ?, ?, ?, ?)
