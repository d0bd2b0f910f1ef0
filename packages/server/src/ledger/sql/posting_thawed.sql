-- The last posting before the account was frozen for the last time.
SELECT seq FROM postings WHERE book_id = ? AND account_id = ? AND state <> 'frozen' ORDER BY seq DESC LIMIT 1
