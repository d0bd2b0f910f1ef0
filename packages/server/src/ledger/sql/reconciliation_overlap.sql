SELECT kind, from_at, to_at FROM reconciliations WHERE book_id = ? AND source_id = ? AND from_at < ? AND to_at > ? ORDER BY to_at DESC LIMIT 1
