-- What has expired, and what belongs to a key that was revoked.
DELETE FROM replays WHERE replay_no IN (
  SELECT replay_no FROM replays WHERE book_id = ?1 AND expires_at <= ?2
  UNION ALL
  SELECT replay_no FROM replays WHERE book_id = ?1 AND key_id IN (
    SELECT a.account_id FROM (SELECT DISTINCT key_id FROM replays WHERE book_id = ?1) k
    JOIN accounts a ON a.book_id = ?1 AND a.account_id = k.key_id WHERE a.state IN ('revoked', 'destroyed')
  )
  LIMIT ?3
) RETURNING size
