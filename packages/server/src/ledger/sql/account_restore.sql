-- Puts a row that was changed behind the writer's back to what the chain of postings says. Inserts it where it is gone.
INSERT INTO accounts (book_id, account_id, kind, tenant_id, asset, ceiling, spend_limit, held, spent, overrun, parent_id, period,
  state, state_reason, expires_at, version, seq, head, receipts, receipted, created_at, opens_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)
ON CONFLICT (book_id, account_id) DO UPDATE SET kind = ?3, tenant_id = ?4, asset = ?5, ceiling = ?6, spend_limit = ?7, held = ?8,
  spent = ?9, overrun = ?10, parent_id = ?11, period = ?12, state = ?13, state_reason = ?14, expires_at = ?15, version = ?16,
  seq = ?17, head = ?18, receipts = ?19, receipted = ?20, created_at = ?21, opens_at = ?22
