-- Mailboxes and tags of one's own, and what a person did, so that it can be undone days later.

-- A mailbox of one's own is one for all accounts: what lies in it lies in a row of the table mailbox, one an account, whose
-- role is own: and this id, made when the first message comes. What is removed stays here, hidden, as long as that can be
-- undone. Identities are never used twice.
CREATE TABLE own_mailbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,    -- with those that it lies in: Projects/House
    removed_at INTEGER           -- Unix seconds; NULL: it is there
) STRICT;
CREATE UNIQUE INDEX own_mailbox_by_name ON own_mailbox (name) WHERE removed_at IS NULL;

CREATE TABLE tag (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,
    color      INTEGER NOT NULL,    -- place in the palette of eight
    removed_at INTEGER              -- as above; its messages keep it, unseen
) STRICT;
CREATE UNIQUE INDEX tag_by_name ON tag (name) WHERE removed_at IS NULL;

CREATE TABLE message_tag (
    message INTEGER NOT NULL REFERENCES message (key) ON DELETE CASCADE,
    tag     INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    PRIMARY KEY (message, tag)
) STRICT;
CREATE INDEX message_tag_by_tag ON message_tag (tag, message);

-- One row for whatever a person did at once, be it to a hundred thousand messages.
CREATE TABLE journal (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,    -- Unix seconds
    deed     TEXT NOT NULL,       -- JSON
    messages INTEGER NOT NULL,    -- how many it changed
    undone   INTEGER NOT NULL,    -- 0 it stands; n it is the nth that was undone; -1 it was undone and cannot be redone
    changes  BLOB NOT NULL        -- the keys by what they were and became, packed; last, for it may be long
) STRICT;

-- Since when it lies in Trash, Unix seconds. NULL: it does not, or that was not noticed yet.
ALTER TABLE message ADD COLUMN trashed_at INTEGER;

-- When Trash was last looked through for what has lain there long enough: a clock that jumped is told by it.
CREATE TABLE tidying (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    looked_at INTEGER NOT NULL
) STRICT;
