-- Whether the giver of a source agreed to bounds that rest on the provider's own count (evidence, not proof).
ALTER TABLE sources ADD COLUMN count_consent INTEGER NOT NULL DEFAULT 0 CHECK (count_consent IN (0, 1));
