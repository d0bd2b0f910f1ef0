-- A server that takes over from another may lack commits that the other had confirmed. `servers` says on which server, and on which of its
-- timelines, every writer has found its own; `lanes.server` what one writer has answered since.

CREATE TABLE servers (
  book_id text COLLATE "C" PRIMARY KEY,
  -- System identifier and timeline; '' where commits are known to be missing and sources have still to be frozen for it.
  server text COLLATE "C" NOT NULL
);

ALTER TABLE lanes ADD COLUMN server text COLLATE "C" NOT NULL DEFAULT '';

-- A lane whose owner was this host, which runs one process at a time, is taken again at once.
ALTER TABLE epochs ADD COLUMN host_id text COLLATE "C" NOT NULL DEFAULT '';
