-- The books on PostgreSQL: the tables of the SQLite engine, with what several writers need beside them.
-- Postings, receipts and the outbox are partitioned by month (yyyymm, UTC). Ids that must be unique for ever are in tables that are not:
-- `holds` has hold, call and receipt ids; a posting's own id follows from its hold or from its account's number. Texts are compared by their
-- bytes, so that an order is the same in every server.

CREATE SEQUENCE hold_numbers AS bigint INCREMENT BY 10000;

CREATE TABLE books (
  book_id text COLLATE "C" PRIMARY KEY,
  stopped bigint NOT NULL DEFAULT 0 CHECK (stopped IN (0, 1)),
  stop_reason text COLLATE "C",
  created_at bigint NOT NULL,
  -- Added to the numbers of the outbox, so that they go on rising in a server whose transactions are counted anew.
  outbox_base bigint NOT NULL DEFAULT 0,
  -- Made with the key of the postings' chains: tells these books' gateway from another before anything is looked at.
  key_check text COLLATE "C" NOT NULL
);

-- How often each host has opened the books under its own anchor.
CREATE TABLE generations (
  book_id text COLLATE "C" NOT NULL,
  host_id text COLLATE "C" NOT NULL,
  generation bigint NOT NULL CHECK (generation >= 0),
  PRIMARY KEY (book_id, host_id)
);

CREATE TABLE epochs (
  epoch_id text COLLATE "C" PRIMARY KEY,
  book_id text COLLATE "C" NOT NULL,
  lane_id text COLLATE "C" NOT NULL,
  started_at bigint NOT NULL,
  ended_at bigint
);

-- One writer's log of receipts. Every committing batch updates the row under its own epoch: a writer that lost the lane commits nothing.
-- The lane's advisory lock is held by the session of the epoch that owns it: where it is free, that epoch is dead.
CREATE TABLE lanes (
  lane_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  book_id text COLLATE "C" NOT NULL,
  lane_id text COLLATE "C" NOT NULL,
  lane_index bigint NOT NULL,
  owner_epoch text COLLATE "C" NOT NULL,
  next_seq bigint NOT NULL CHECK (next_seq >= 1),
  signed_to bigint NOT NULL CHECK (signed_to >= 0 AND signed_to < next_seq),
  -- The latest wall time this writer has seen, Unix ms.
  wall_high bigint NOT NULL,
  -- Batches that were committed: what a writer asks after a lost acknowledgement.
  batches bigint NOT NULL DEFAULT 0,
  UNIQUE (book_id, lane_id),
  UNIQUE (book_id, lane_index)
) WITH (fillfactor = 50);

CREATE TABLE accounts (
  book_id text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('source', 'key', 'operator')),
  tenant_id text COLLATE "C" NOT NULL,
  asset text COLLATE "C" NOT NULL CHECK (asset IN ('tokens', 'credits', 'ms')),
  ceiling bigint NOT NULL CHECK (ceiling BETWEEN 0 AND 4611686018427387904),
  spend_limit bigint NOT NULL CHECK (spend_limit >= 0 AND spend_limit <= ceiling),
  held bigint NOT NULL CHECK (held >= 0),
  spent bigint NOT NULL CHECK (spent >= 0),
  overrun bigint NOT NULL CHECK (overrun >= 0),
  parent_id text COLLATE "C",
  period text COLLATE "C",
  state text COLLATE "C" NOT NULL CHECK (state IN ('active', 'paused', 'frozen', 'revoked', 'destroyed')),
  state_reason text COLLATE "C",
  expires_at bigint,
  version bigint NOT NULL,
  -- Number of its postings and the MAC of the last one.
  seq bigint NOT NULL CHECK (seq >= 1),
  head text COLLATE "C" NOT NULL,
  -- Number of its receipts and the sum they charged: the receipts' sourceSeq and sourceSpent.
  receipts bigint NOT NULL CHECK (receipts >= 0),
  receipted bigint NOT NULL CHECK (receipted >= 0),
  created_at bigint NOT NULL,
  -- Open holds whose amounts rest on evidence: while there are any, the last tenth of the limit stays free.
  guarded bigint NOT NULL DEFAULT 0 CHECK (guarded >= 0),
  -- HMAC over all of the row, by the writer that wrote it: how another writer knows that it was one.
  seal text COLLATE "C" NOT NULL,
  PRIMARY KEY (book_id, account_id),
  CHECK (held + spent <= ceiling)
) WITH (fillfactor = 50);

CREATE TABLE postings (
  book_id text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  month bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  contra_id text COLLATE "C" NOT NULL,
  amount bigint NOT NULL CHECK (amount >= 0),
  business_id text COLLATE "C" NOT NULL,
  ref text COLLATE "C" NOT NULL,
  -- SHA-256 of the receipt that this posting belongs to, or ''.
  digest text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  ceiling bigint NOT NULL,
  spend_limit bigint NOT NULL,
  spent bigint NOT NULL,
  overrun bigint NOT NULL,
  state text COLLATE "C" NOT NULL,
  state_reason text COLLATE "C",
  expires_at bigint,
  receipts bigint NOT NULL,
  receipted bigint NOT NULL,
  -- HMAC over all of the above, what is fixed of the account, and the previous head.
  head text COLLATE "C" NOT NULL,
  PRIMARY KEY (book_id, account_id, seq, month)
) PARTITION BY RANGE (month);

-- What operator accounts received is read from here: few rows, because ordinary spending is left out.
CREATE INDEX postings_to_operator ON postings (book_id, contra_id, amount) WHERE kind IN ('ambiguous', 'overrun', 'reconcile', 'reversal');
-- The postings of a hold, found from its receipt.
CREATE INDEX postings_by_business ON postings (business_id);

CREATE TABLE holds (
  hold_no bigint PRIMARY KEY,
  book_id text COLLATE "C" NOT NULL,
  month bigint NOT NULL,
  hold_id text COLLATE "C" NOT NULL,
  call_id text COLLATE "C" NOT NULL,
  attempt bigint NOT NULL,
  source_id text COLLATE "C" NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  nonce text COLLATE "C" NOT NULL,
  receipt_id text COLLATE "C" NOT NULL,
  mode bigint NOT NULL,
  proof text COLLATE "C" NOT NULL,
  tariff_id text COLLATE "C" NOT NULL,
  facts_version text COLLATE "C" NOT NULL,
  tenant_hash text COLLATE "C" NOT NULL,
  source_hash text COLLATE "C" NOT NULL,
  provider_hash text COLLATE "C" NOT NULL,
  request_hash text COLLATE "C" NOT NULL,
  detail text COLLATE "C" NOT NULL,
  epoch_id text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'settled', 'burned', 'released')),
  ended_at bigint,
  -- Where its receipt is; null while open.
  lane_no bigint,
  lane_seq bigint,
  UNIQUE (book_id, hold_id),
  UNIQUE (book_id, receipt_id),
  UNIQUE (book_id, call_id, attempt)
);

CREATE INDEX holds_open ON holds (hold_no) WHERE state = 'open';

CREATE TABLE hold_lines (
  hold_no bigint NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  amount bigint NOT NULL CHECK (amount >= 0),
  PRIMARY KEY (hold_no, account_id)
);

CREATE TABLE receipts (
  lane_no bigint NOT NULL,
  seq bigint NOT NULL,
  book_id text COLLATE "C" NOT NULL,
  month bigint NOT NULL,
  hold_no bigint NOT NULL,
  kind bigint NOT NULL CHECK (kind BETWEEN 1 AND 4),
  source_id text COLLATE "C" NOT NULL,
  source_seq bigint NOT NULL,
  charged bigint NOT NULL CHECK (charged >= 0),
  source_spent bigint NOT NULL,
  ended_at bigint NOT NULL,
  -- JSON: [[unit, "quantity", "amount"], …]
  lines text COLLATE "C" NOT NULL,
  amount bigint NOT NULL CHECK (amount >= 0),
  response_hash text COLLATE "C" NOT NULL,
  attestation_hash text COLLATE "C" NOT NULL,
  -- JSON; the receipt's detailHash is the keccak-256 of its canonical form.
  detail text COLLATE "C" NOT NULL,
  PRIMARY KEY (lane_no, seq, month)
) PARTITION BY RANGE (month);

CREATE TABLE receipt_groups (
  lane_no bigint NOT NULL,
  seq_to bigint NOT NULL,
  seq_from bigint NOT NULL CHECK (seq_from BETWEEN 1 AND seq_to),
  root text COLLATE "C" NOT NULL,
  total text COLLATE "C" NOT NULL,
  signature text COLLATE "C" NOT NULL,
  signer text COLLATE "C" NOT NULL,
  signed_at bigint NOT NULL,
  PRIMARY KEY (lane_no, seq_to)
);

-- `seq` rises with the transaction that wrote it: whoever reads only what is older than every running transaction misses nothing.
CREATE TABLE outbox (
  seq bigint NOT NULL,
  book_id text COLLATE "C" NOT NULL,
  month bigint NOT NULL,
  topic text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  body text COLLATE "C" NOT NULL,
  PRIMARY KEY (book_id, seq, month)
) PARTITION BY RANGE (month);

-- What other hosts follow, found among the events of many calls. `reads.ts` names the same topics.
CREATE INDEX outbox_changes ON outbox (book_id, seq) WHERE topic IN ('source.added', 'key.added', 'account.limit', 'account.state');

CREATE TABLE evidence (
  evidence_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  book_id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('late_settle', 'tampered')),
  subject text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  body text COLLATE "C" NOT NULL
);

CREATE TABLE idempotency (
  book_id text COLLATE "C" NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  route text COLLATE "C" NOT NULL,
  idempotency_key text COLLATE "C" NOT NULL,
  body_mac text COLLATE "C" NOT NULL,
  hold_no bigint NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (book_id, key_id, route, idempotency_key)
);

CREATE TABLE sources (
  book_id text COLLATE "C" NOT NULL,
  source_id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  provider text COLLATE "C" NOT NULL,
  base_url text COLLATE "C" NOT NULL,
  mode bigint NOT NULL CHECK (mode IN (0, 1)),
  settle text COLLATE "C" NOT NULL CHECK (settle IN ('metered', 'hold')),
  count_consent bigint NOT NULL CHECK (count_consent IN (0, 1)),
  models text COLLATE "C" NOT NULL,
  tariff text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (book_id, source_id)
);

CREATE TABLE keys (
  book_id text COLLATE "C" NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  hash text COLLATE "C" NOT NULL,
  hint text COLLATE "C" NOT NULL,
  credit_account_id text COLLATE "C",
  -- JSON array of source ids; null = any.
  sources text COLLATE "C",
  created_at bigint NOT NULL,
  expires_at bigint,
  replay_s bigint NOT NULL CHECK (replay_s BETWEEN 0 AND 86400),
  PRIMARY KEY (book_id, key_id),
  UNIQUE (book_id, hash)
);

-- What was compared with a provider's own total. Each row belongs to the posting that it made, whose digest covers it.
-- kind: interval (from an export) · total (of all time up to `to_at`, on the operator's word, where a frozen source was resumed).
CREATE TABLE reconciliations (
  book_id text COLLATE "C" NOT NULL,
  source_id text COLLATE "C" NOT NULL,
  posting_seq bigint NOT NULL,
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('interval', 'total')),
  -- Unix ms; `to_at` is not part of it. Intervals of one source never overlap.
  from_at bigint NOT NULL,
  to_at bigint NOT NULL CHECK (to_at > from_at),
  provider_total bigint NOT NULL CHECK (provider_total >= 0),
  -- Settled in it · of calls that touch an edge · inside, as the provider itself reported · inside, of unknown outcome.
  ours bigint NOT NULL CHECK (ours >= 0),
  edge bigint NOT NULL CHECK (edge >= 0),
  reported bigint NOT NULL CHECK (reported >= 0),
  ambiguous bigint NOT NULL CHECK (ambiguous >= 0),
  returned bigint NOT NULL CHECK (returned >= 0 AND returned <= ambiguous),
  added bigint NOT NULL CHECK (added >= 0 AND (added = 0 OR returned = 0)),
  -- SHA-256 of the export; '' where there is none.
  export_hash text COLLATE "C" NOT NULL,
  -- The provider's name of the key, where its export has one; else ''.
  key_ref text COLLATE "C" NOT NULL,
  -- The donor's signature, where one was needed; else ''.
  consent text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  PRIMARY KEY (book_id, source_id, posting_seq)
);

-- Answers kept for retries, sealed under the caller's own virtual key, which is not in the books. They move no money, and they go away.
CREATE TABLE replays (
  replay_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  book_id text COLLATE "C" NOT NULL,
  receipt_id text COLLATE "C" NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  call_id text COLLATE "C" NOT NULL,
  expires_at bigint NOT NULL,
  size bigint NOT NULL CHECK (size > 0),
  sealed bytea NOT NULL,
  UNIQUE (book_id, receipt_id)
);

CREATE INDEX replays_by_expiry ON replays (book_id, expires_at);
CREATE INDEX replays_by_key ON replays (book_id, key_id);

-- Ends the transaction where a statement did not change the rows that it had to: nothing of the batch is committed then.
-- TA001: a row is not as its writer found it. TA003: the lane belongs to another writer.
CREATE FUNCTION tally_expect(what text, code text, changed bigint, expected bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF changed <> expected THEN
    RAISE EXCEPTION '% changed % rows, not %', what, changed, expected USING ERRCODE = code;
  END IF;
END $$;

-- What is written stays written. `verify` also checks that these triggers are still there.
CREATE FUNCTION tally_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are immutable', TG_TABLE_NAME USING ERRCODE = 'TA002';
END $$;

CREATE FUNCTION tally_hold_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF old.state <> 'open' AND new.state <> old.state THEN
    RAISE EXCEPTION 'a hold ends once' USING ERRCODE = 'TA002';
  END IF;
  IF (new.hold_no, new.book_id, new.month, new.hold_id, new.call_id, new.attempt, new.source_id, new.key_id, new.tenant_id, new.nonce,
      new.receipt_id, new.mode, new.proof, new.tariff_id, new.facts_version, new.tenant_hash, new.source_hash, new.provider_hash,
      new.request_hash, new.detail, new.epoch_id, new.created_at)
    IS DISTINCT FROM
     (old.hold_no, old.book_id, old.month, old.hold_id, old.call_id, old.attempt, old.source_id, old.key_id, old.tenant_id, old.nonce,
      old.receipt_id, old.mode, old.proof, old.tariff_id, old.facts_version, old.tenant_hash, old.source_hash, old.provider_hash,
      old.request_hash, old.detail, old.epoch_id, old.created_at) THEN
    RAISE EXCEPTION 'holds are immutable' USING ERRCODE = 'TA002';
  END IF;
  RETURN new;
END $$;

CREATE TRIGGER postings_no_update BEFORE UPDATE ON postings FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER postings_no_delete BEFORE DELETE ON postings FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER receipts_no_update BEFORE UPDATE ON receipts FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER receipts_no_delete BEFORE DELETE ON receipts FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER receipt_groups_no_update BEFORE UPDATE ON receipt_groups FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER receipt_groups_no_delete BEFORE DELETE ON receipt_groups FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER evidence_no_update BEFORE UPDATE ON evidence FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER evidence_no_delete BEFORE DELETE ON evidence FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER reconciliations_no_update BEFORE UPDATE ON reconciliations FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER reconciliations_no_delete BEFORE DELETE ON reconciliations FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER hold_lines_no_update BEFORE UPDATE ON hold_lines FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER hold_lines_no_delete BEFORE DELETE ON hold_lines FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER holds_no_delete BEFORE DELETE ON holds FOR EACH ROW EXECUTE FUNCTION tally_immutable();
CREATE TRIGGER holds_end_once BEFORE UPDATE ON holds FOR EACH ROW EXECUTE FUNCTION tally_hold_update();
CREATE TRIGGER accounts_no_delete BEFORE DELETE ON accounts FOR EACH ROW EXECUTE FUNCTION tally_immutable();
