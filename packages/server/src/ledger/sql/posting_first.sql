-- The first posting that is still in the books: 1, or the first of the two that the last archive left.
SELECT min(seq) AS seq FROM postings WHERE book_id = ? AND account_id = ?
