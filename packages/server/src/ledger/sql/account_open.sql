INSERT INTO accounts (book_id, account_id, kind, tenant_id, asset, ceiling, spend_limit, held, spent, overrun, parent_id, period,
  state, state_reason, expires_at, version, seq, head, receipts, receipted, created_at, opens_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, 0, ?8, NULL, 'active', NULL, ?9, 1, 1, ?10, 0, 0, ?11, ?12)
