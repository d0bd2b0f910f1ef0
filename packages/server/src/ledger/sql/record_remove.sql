DELETE FROM records WHERE book_id = ? AND kind = ? AND record_id = ?
