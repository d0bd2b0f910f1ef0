-- The books: accounts, holds, postings, receipts. Amounts are whole units up to 2^62.
-- Sets of three and more stand as comparisons: for `IN` of constants SQLite builds a table of them anew each time a row is written.
-- `book_id` stands first in every business key; `month` (yyyymm, UTC) is what later archives and partitions by.

CREATE TABLE books (
  book_id TEXT PRIMARY KEY,
  generation INTEGER NOT NULL DEFAULT 0 CHECK (generation >= 0),
  stopped INTEGER NOT NULL DEFAULT 0 CHECK (stopped IN (0, 1)),
  stop_reason TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE epochs (
  epoch_id TEXT PRIMARY KEY,
  book_id TEXT NOT NULL,
  lane_id TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT, WITHOUT ROWID;

-- One writer's log of receipts. Every committing batch updates the row under its own epoch: a writer that lost the lane commits nothing.
CREATE TABLE lanes (
  lane_no INTEGER PRIMARY KEY,
  book_id TEXT NOT NULL,
  lane_id TEXT NOT NULL,
  owner_epoch TEXT NOT NULL,
  next_seq INTEGER NOT NULL CHECK (next_seq >= 1),
  signed_to INTEGER NOT NULL CHECK (signed_to >= 0 AND signed_to < next_seq),
  -- The latest wall time this writer has seen, Unix ms.
  wall_high INTEGER NOT NULL,
  UNIQUE (book_id, lane_id)
) STRICT;

CREATE TABLE accounts (
  book_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind = 'source' OR kind = 'key' OR kind = 'operator'),
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
  PRIMARY KEY (book_id, account_id),
  CHECK (held + spent <= ceiling)
) STRICT, WITHOUT ROWID;

-- Every change of an account, with the balances that result. A transfer names both sides, so the sum over all accounts is 0.
-- Rows lie in the order in which they came, so that a batch over many accounts adds to the end and not to a page of each.
-- kind: open, limit, state (amount 0) · spend, ambiguous, reconcile (raise spent) · overrun (raises overrun) · release (amount 0).
CREATE TABLE postings (
  book_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  month INTEGER NOT NULL,
  kind TEXT NOT NULL,
  contra_id TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount >= 0),
  business_id TEXT NOT NULL,
  ref TEXT NOT NULL,
  -- SHA-256 of the receipt that this posting belongs to, or ''.
  digest TEXT NOT NULL,
  at INTEGER NOT NULL,
  ceiling INTEGER NOT NULL,
  spend_limit INTEGER NOT NULL,
  spent INTEGER NOT NULL,
  overrun INTEGER NOT NULL,
  state TEXT NOT NULL,
  state_reason TEXT,
  expires_at INTEGER,
  receipts INTEGER NOT NULL,
  receipted INTEGER NOT NULL,
  -- HMAC over all of the above, what is fixed of the account, and the previous head.
  head TEXT NOT NULL,
  PRIMARY KEY (book_id, account_id, seq),
  UNIQUE (book_id, business_id)
) STRICT;

-- What operator accounts received is read from here: few rows, because ordinary spending is left out.
CREATE INDEX postings_to_operator ON postings (book_id, contra_id, amount) WHERE kind IN ('ambiguous', 'overrun', 'reconcile');

CREATE TABLE holds (
  hold_no INTEGER PRIMARY KEY,
  book_id TEXT NOT NULL,
  month INTEGER NOT NULL,
  hold_id TEXT NOT NULL,
  call_id TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  source_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  nonce TEXT NOT NULL,
  receipt_id TEXT NOT NULL,
  mode INTEGER NOT NULL,
  proof TEXT NOT NULL,
  tariff_id TEXT NOT NULL,
  facts_version TEXT NOT NULL,
  tenant_hash TEXT NOT NULL,
  source_hash TEXT NOT NULL,
  provider_hash TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  detail TEXT NOT NULL,
  epoch_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state = 'open' OR state = 'settled' OR state = 'burned' OR state = 'released'),
  ended_at INTEGER,
  -- Where its receipt is; null while open.
  lane_no INTEGER,
  lane_seq INTEGER,
  UNIQUE (book_id, hold_id),
  UNIQUE (book_id, receipt_id),
  UNIQUE (book_id, call_id, attempt)
) STRICT;

CREATE INDEX holds_open ON holds (hold_no) WHERE state = 'open';

CREATE TABLE hold_lines (
  hold_no INTEGER NOT NULL,
  account_id TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount >= 0),
  PRIMARY KEY (hold_no, account_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipts (
  lane_no INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  book_id TEXT NOT NULL,
  month INTEGER NOT NULL,
  hold_no INTEGER NOT NULL,
  kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4),
  source_id TEXT NOT NULL,
  source_seq INTEGER NOT NULL,
  charged INTEGER NOT NULL CHECK (charged >= 0),
  source_spent INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  -- JSON: [[unit, "quantity", "amount"], …]
  lines TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount >= 0),
  response_hash TEXT NOT NULL,
  attestation_hash TEXT NOT NULL,
  -- JSON; the receipt's detailHash is the keccak-256 of its canonical form.
  detail TEXT NOT NULL,
  PRIMARY KEY (lane_no, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipt_groups (
  lane_no INTEGER NOT NULL,
  seq_to INTEGER NOT NULL,
  seq_from INTEGER NOT NULL CHECK (seq_from BETWEEN 1 AND seq_to),
  root TEXT NOT NULL,
  total TEXT NOT NULL,
  signature TEXT NOT NULL,
  signer TEXT NOT NULL,
  signed_at INTEGER NOT NULL,
  PRIMARY KEY (lane_no, seq_to)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY,
  book_id TEXT NOT NULL,
  month INTEGER NOT NULL,
  topic TEXT NOT NULL,
  subject TEXT NOT NULL,
  at INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

-- What came too late or should not be: kept, changes nothing.
CREATE TABLE evidence (
  evidence_no INTEGER PRIMARY KEY,
  book_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('late_settle', 'tampered')),
  subject TEXT NOT NULL,
  at INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE TABLE idempotency (
  book_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  route TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  body_mac TEXT NOT NULL,
  hold_no INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (book_id, key_id, route, idempotency_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE sources (
  book_id TEXT NOT NULL,
  source_id TEXT NOT NULL,
  name TEXT NOT NULL,
  provider TEXT NOT NULL,
  base_url TEXT NOT NULL,
  mode INTEGER NOT NULL CHECK (mode IN (0, 1)),
  settle TEXT NOT NULL CHECK (settle IN ('metered', 'hold')),
  models TEXT NOT NULL,
  tariff TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (book_id, source_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
  book_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  name TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  hash TEXT NOT NULL,
  hint TEXT NOT NULL,
  credit_account_id TEXT,
  -- JSON array of source ids; null = any.
  sources TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  PRIMARY KEY (book_id, key_id),
  UNIQUE (book_id, hash)
) STRICT, WITHOUT ROWID;

-- What is written stays written. `verify` also checks that these triggers are still there.
CREATE TRIGGER postings_no_update BEFORE UPDATE ON postings BEGIN SELECT raise(ABORT, 'postings are immutable'); END;
CREATE TRIGGER postings_no_delete BEFORE DELETE ON postings BEGIN SELECT raise(ABORT, 'postings are immutable'); END;
CREATE TRIGGER receipts_no_update BEFORE UPDATE ON receipts BEGIN SELECT raise(ABORT, 'receipts are immutable'); END;
CREATE TRIGGER receipts_no_delete BEFORE DELETE ON receipts BEGIN SELECT raise(ABORT, 'receipts are immutable'); END;
CREATE TRIGGER receipt_groups_no_update BEFORE UPDATE ON receipt_groups BEGIN SELECT raise(ABORT, 'signed roots are immutable'); END;
CREATE TRIGGER receipt_groups_no_delete BEFORE DELETE ON receipt_groups BEGIN SELECT raise(ABORT, 'signed roots are immutable'); END;
CREATE TRIGGER evidence_no_update BEFORE UPDATE ON evidence BEGIN SELECT raise(ABORT, 'evidence is immutable'); END;
CREATE TRIGGER evidence_no_delete BEFORE DELETE ON evidence BEGIN SELECT raise(ABORT, 'evidence is immutable'); END;
CREATE TRIGGER hold_lines_no_update BEFORE UPDATE ON hold_lines BEGIN SELECT raise(ABORT, 'hold lines are immutable'); END;
CREATE TRIGGER hold_lines_no_delete BEFORE DELETE ON hold_lines BEGIN SELECT raise(ABORT, 'hold lines are immutable'); END;
CREATE TRIGGER holds_no_delete BEFORE DELETE ON holds BEGIN SELECT raise(ABORT, 'holds are immutable'); END;
CREATE TRIGGER holds_end_once BEFORE UPDATE OF state ON holds WHEN old.state <> 'open' BEGIN SELECT raise(ABORT, 'a hold ends once'); END;
CREATE TRIGGER holds_no_update BEFORE UPDATE OF
  hold_no, book_id, month, hold_id, call_id, attempt, source_id, key_id, tenant_id, nonce, receipt_id, mode, proof, tariff_id,
  facts_version, tenant_hash, source_hash, provider_hash, request_hash, detail, epoch_id, created_at
ON holds BEGIN SELECT raise(ABORT, 'holds are immutable'); END;
CREATE TRIGGER accounts_no_delete BEFORE DELETE ON accounts BEGIN SELECT raise(ABORT, 'accounts are never deleted'); END;
