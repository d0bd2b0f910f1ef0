-- Writes an account's new balances, if the row is still what this writer wrote last.
UPDATE accounts SET held = ?1, spent = ?2, overrun = ?3, spend_limit = ?4, state = ?5, state_reason = ?6, seq = ?7, head = ?8,
  receipts = ?9, receipted = ?10, opens_at = ?25, version = version + 1
WHERE book_id = ?11 AND account_id = ?12
  AND version = ?13 AND held = ?14 AND spent = ?15 AND overrun = ?16 AND spend_limit = ?17 AND ceiling = ?18
  AND expires_at IS ?19 AND seq = ?20 AND head = ?21 AND receipts = ?22 AND receipted = ?23 AND state = ?24
  AND opens_at IS ?26
