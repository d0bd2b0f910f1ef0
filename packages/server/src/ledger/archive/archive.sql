-- One archived month, readable by itself: the rows as the books had them, and what ties them to the months before and after.

CREATE TABLE archive (
  -- tally-archive/1
  format TEXT NOT NULL,
  book_id TEXT NOT NULL,
  month INTEGER NOT NULL,
  -- JSON: the checkpoint before this month, and the one after it.
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  -- HMAC under the key of the chains.
  seal TEXT NOT NULL
) STRICT;

-- What is fixed of the accounts whose postings are here.
CREATE TABLE accounts (
  account_id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  asset TEXT NOT NULL,
  parent_id TEXT,
  period TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- All postings of the month, and before them each account's last two of earlier months.
CREATE TABLE postings (
  book_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  month INTEGER NOT NULL,
  kind TEXT NOT NULL,
  contra_id TEXT NOT NULL,
  amount INTEGER NOT NULL,
  business_id TEXT NOT NULL,
  ref TEXT NOT NULL,
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
  head TEXT NOT NULL,
  -- Not in files of earlier versions.
  opens_at INTEGER,
  PRIMARY KEY (account_id, seq)
) STRICT, WITHOUT ROWID;

-- The postings of an account that may go from the books: what stays are its last two.
CREATE TABLE spans (
  account_id TEXT PRIMARY KEY,
  seq_from INTEGER NOT NULL,
  seq_to INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE lanes (
  lane_no INTEGER PRIMARY KEY,
  book_id TEXT NOT NULL,
  lane_id TEXT NOT NULL
) STRICT;

CREATE TABLE receipts (
  lane_no INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  book_id TEXT NOT NULL,
  month INTEGER NOT NULL,
  hold_no INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  source_id TEXT NOT NULL,
  source_seq INTEGER NOT NULL,
  charged INTEGER NOT NULL,
  source_spent INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  lines TEXT NOT NULL,
  amount INTEGER NOT NULL,
  response_hash TEXT NOT NULL,
  attestation_hash TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (lane_no, seq)
) STRICT, WITHOUT ROWID;

-- The holds that these receipts end: a receipt is made of both. They stay in the books too.
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
  state TEXT NOT NULL,
  ended_at INTEGER,
  lane_no INTEGER,
  lane_seq INTEGER
) STRICT;

CREATE TABLE receipt_groups (
  lane_no INTEGER NOT NULL,
  seq_to INTEGER NOT NULL,
  seq_from INTEGER NOT NULL,
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

-- The comparisons with a provider whose postings are here. They stay in the books too.
CREATE TABLE reconciliations (
  book_id TEXT NOT NULL,
  source_id TEXT NOT NULL,
  posting_seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL,
  provider_total INTEGER NOT NULL,
  ours INTEGER NOT NULL,
  edge INTEGER NOT NULL,
  reported INTEGER NOT NULL,
  ambiguous INTEGER NOT NULL,
  returned INTEGER NOT NULL,
  added INTEGER NOT NULL,
  export_hash TEXT NOT NULL,
  key_ref TEXT NOT NULL,
  consent TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (source_id, posting_seq)
) STRICT, WITHOUT ROWID;
