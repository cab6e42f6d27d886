-- Why: the store is to prove what it holds, to be backed up, and to live on with a message that a disk has spoilt.

-- What is remembered for looking after the store: the plan of its backups, and how the last ones went. identity: which store
-- a copy is a copy of, so that no other store is ever overwritten by a backup.
CREATE TABLE upkeep (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL        -- a number or a word as text, or a path, which need not be UTF-8
) STRICT;
INSERT INTO upkeep (name, value) VALUES ('identity', randomblob(16));

-- Messages whose octets were found to be others than those stored. Their rows stay, with the hash of what is wanted, and name
-- a raw that is empty: whatever is done to them does not touch the damaged place again.
CREATE TABLE damaged (
    message  INTEGER PRIMARY KEY REFERENCES message (key) ON DELETE CASCADE,
    raw      INTEGER NOT NULL,    -- where its octets lay
    found_at INTEGER NOT NULL     -- Unix seconds
) STRICT;
CREATE TRIGGER damaged_replaced AFTER UPDATE OF raw ON message WHEN OLD.raw <> NEW.raw BEGIN
    DELETE FROM damaged WHERE message = NEW.key;
END;
