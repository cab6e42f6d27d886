-- Finer rules for each account, messages that are here in part, and what is known of single messages on the server.

-- JSON: read and written whole, never searched.
ALTER TABLE account ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';

-- How much of it is here: 0 all, 1 the header, 2 the header and the first lines, 3 nothing (known, but never fetched).
ALTER TABLE message ADD COLUMN part INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN part INTEGER NOT NULL DEFAULT 0;

-- SHA-256 over what a header says of itself (Message-ID, Date, From, Subject): tells a message before it is fetched.
-- NULL: the message says too little, or was stored before this was kept.
ALTER TABLE ledger ADD COLUMN fingerprint BLOB;
CREATE INDEX ledger_by_fingerprint ON ledger (account, fingerprint) WHERE fingerprint IS NOT NULL;

-- What is to be remembered of single messages on the server that are not simply fetched and stored.
CREATE TABLE server_note (
    id          INTEGER PRIMARY KEY,
    account     INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    uid         BLOB NOT NULL,
    wish        TEXT NOT NULL,       -- the person's: get, keep or delete; empty: none
    tries       INTEGER NOT NULL,    -- attempts to fetch it that failed
    next_try_at INTEGER NOT NULL,    -- Unix seconds; not before
    words       TEXT NOT NULL,       -- the server's, when it refused
    header      BLOB                 -- as TOP gave it, cut to a length; NULL: not asked for
) STRICT;
CREATE UNIQUE INDEX server_note_by_uid ON server_note (account, uid);

-- What the line has cost, by account and month (2026-11).
CREATE TABLE line_use (
    account      INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    month        TEXT NOT NULL,
    visits       INTEGER NOT NULL,
    connected_ms INTEGER NOT NULL,
    bytes_in     INTEGER NOT NULL,
    bytes_out    INTEGER NOT NULL,
    new          INTEGER NOT NULL,
    PRIMARY KEY (account, month)
) STRICT;
