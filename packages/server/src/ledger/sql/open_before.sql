-- A call that was sent before a time, holds something of the account, and is still running.
SELECT h.hold_id FROM holds h JOIN hold_lines l ON l.hold_no = h.hold_no
WHERE h.state = 'open' AND h.book_id = ? AND l.account_id = ? AND h.created_at < ? LIMIT 1
