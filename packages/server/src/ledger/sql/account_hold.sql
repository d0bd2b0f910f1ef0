-- Places one line of a hold: the cap, the state, the expiry, the opening and the emergency stop are predicates here, not checks made before.
-- ?16 is 1 where this need, or one that is held now, rests on evidence: then the last tenth of the limit stays free.
-- Where the hold is within a reservation that names the account, its need is held already: ?1 is 0 then, and ?19 what stays reserved, which
-- is not in this hold's way. Else ?19 is 0.
-- The last lines pin the row to what this writer wrote last: a row changed behind its back matches nothing.
UPDATE accounts SET held = held + ?1, version = version + 1
WHERE book_id = ?2 AND account_id = ?3
  AND held + spent + overrun + ?1 - ?19 + ?16 * ((spend_limit + 9) / 10) <= spend_limit
  AND state = 'active'
  AND (expires_at IS NULL OR expires_at > ?4)
  AND (opens_at IS NULL OR opens_at <= ?17)
  AND NOT EXISTS (SELECT 1 FROM books WHERE book_id = ?2 AND stopped <> 0)
  AND version = ?5 AND held = ?6 AND spent = ?7 AND overrun = ?8 AND spend_limit = ?9 AND ceiling = ?10
  AND expires_at IS ?11 AND seq = ?12 AND head = ?13 AND receipts = ?14 AND receipted = ?15 AND opens_at IS ?18
