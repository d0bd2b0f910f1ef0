-- Moves the time from which an account is open, if the row is still what this writer wrote last.
UPDATE accounts SET opens_at = ?1, seq = ?2, head = ?3, version = version + 1
WHERE book_id = ?4 AND account_id = ?5
  AND version = ?6 AND held = ?7 AND spent = ?8 AND overrun = ?9 AND spend_limit = ?10 AND ceiling = ?11 AND state = ?12
  AND expires_at IS ?13 AND opens_at IS ?14 AND seq = ?15 AND head = ?16 AND receipts = ?17 AND receipted = ?18
