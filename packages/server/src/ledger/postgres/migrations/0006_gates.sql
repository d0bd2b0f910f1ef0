-- Groups are gates: accounts that the holds of many calls name with nothing, for their state and the time from which they are open.
-- Minutes are what a source may be at work, in ms.
ALTER TABLE accounts DROP CONSTRAINT accounts_kind_check;
ALTER TABLE accounts ADD CONSTRAINT accounts_kind_check CHECK (kind IN ('source', 'key', 'operator', 'group', 'minutes'));
-- Unix ms, compared with grant time: no hold before it. Only ever moved later.
ALTER TABLE accounts ADD COLUMN opens_at bigint;
ALTER TABLE postings ADD COLUMN opens_at bigint;

-- Whether it was donated: then only the pool's own keys may use it. Accounts that each of their holds on it names too, a JSON array of ids.
ALTER TABLE sources ADD COLUMN pool bigint NOT NULL DEFAULT 0 CHECK (pool IN (0, 1));
ALTER TABLE sources ADD COLUMN group_ids text COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE sources ADD COLUMN minutes_account_id text COLLATE "C";
-- What a virtual key is for. Its hash is made with it.
ALTER TABLE keys ADD COLUMN used_for text COLLATE "C" NOT NULL DEFAULT 'calls' CHECK (used_for IN ('calls', 'pool', 'validation'));
