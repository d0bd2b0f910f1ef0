-- When the process began that was running at a time.
SELECT max(started_at) AS started_at FROM epochs WHERE book_id = ? AND started_at <= ?
