-- Groups are gates: accounts that the holds of many calls name with nothing, for their state and the time from which they are open.
-- Minutes are what a source may be at work, in ms. The table is made anew, because a check of a column cannot be changed.
CREATE TABLE accounts_anew (
  book_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind = 'source' OR kind = 'key' OR kind = 'operator' OR kind = 'group' OR kind = 'minutes'),
  tenant_id TEXT NOT NULL,
  asset TEXT NOT NULL CHECK (asset = 'tokens' OR asset = 'credits' OR asset = 'ms'),
  ceiling INTEGER NOT NULL CHECK (ceiling BETWEEN 0 AND 4611686018427387904),
  spend_limit INTEGER NOT NULL CHECK (spend_limit >= 0 AND spend_limit <= ceiling),
  held INTEGER NOT NULL CHECK (held >= 0),
  spent INTEGER NOT NULL CHECK (spent >= 0),
  overrun INTEGER NOT NULL CHECK (overrun >= 0),
  parent_id TEXT,
  period TEXT,
  state TEXT NOT NULL CHECK (state = 'active' OR state = 'paused' OR state = 'frozen' OR state = 'revoked' OR state = 'destroyed'),
  state_reason TEXT,
  expires_at INTEGER,
  version INTEGER NOT NULL,
  -- Number of its postings and the MAC of the last one.
  seq INTEGER NOT NULL CHECK (seq >= 1),
  head TEXT NOT NULL,
  -- Number of its receipts and the sum they charged: the receipts' sourceSeq and sourceSpent.
  receipts INTEGER NOT NULL CHECK (receipts >= 0),
  receipted INTEGER NOT NULL CHECK (receipted >= 0),
  created_at INTEGER NOT NULL,
  -- Unix ms, compared with grant time: no hold before it. Only ever moved later.
  opens_at INTEGER,
  PRIMARY KEY (book_id, account_id),
  CHECK (held + spent <= ceiling)
) STRICT, WITHOUT ROWID;

INSERT INTO accounts_anew SELECT book_id, account_id, kind, tenant_id, asset, ceiling, spend_limit, held, spent, overrun, parent_id, period,
  state, state_reason, expires_at, version, seq, head, receipts, receipted, created_at, NULL FROM accounts;
DROP TABLE accounts;
ALTER TABLE accounts_anew RENAME TO accounts;
CREATE TRIGGER accounts_no_delete BEFORE DELETE ON accounts BEGIN SELECT raise(ABORT, 'accounts are never deleted'); END;

ALTER TABLE postings ADD COLUMN opens_at INTEGER;

-- Whether it was donated: then only the pool's own keys may use it. Accounts that each of their holds on it names too, a JSON array of ids.
ALTER TABLE sources ADD COLUMN pool INTEGER NOT NULL DEFAULT 0 CHECK (pool IN (0, 1));
ALTER TABLE sources ADD COLUMN group_ids TEXT NOT NULL DEFAULT '[]';
ALTER TABLE sources ADD COLUMN minutes_account_id TEXT;
-- What a virtual key is for. Its hash is made with it.
ALTER TABLE keys ADD COLUMN used_for TEXT NOT NULL DEFAULT 'calls' CHECK (used_for IN ('calls', 'pool', 'validation'));
