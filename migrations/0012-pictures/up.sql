-- Why: remote pictures of a message are fetched when the person says so, and kept, so that the message opens with them offline
-- and showing it asks the network for nothing; for some senders and mailing lists the person has said so for good.

-- What was fetched for a message, and what could not be had (then without octets).
CREATE TABLE message_picture (
    id           INTEGER PRIMARY KEY,
    message      INTEGER NOT NULL REFERENCES message (key) ON DELETE CASCADE,
    url          TEXT NOT NULL,
    content_type TEXT NOT NULL,
    bytes        BLOB NOT NULL      -- empty: it could not be had
) STRICT;
CREATE UNIQUE INDEX message_picture_by_message ON message_picture (message, url);

-- Whose pictures are fetched with the visit that brings their mail.
CREATE TABLE picture_consent (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     INTEGER NOT NULL,      -- 0 a sender, 1 a mailing list
    name     TEXT NOT NULL,         -- the address, or the list's id (RFC 2919), in lower case
    given_at INTEGER NOT NULL       -- Unix seconds
) STRICT;
CREATE UNIQUE INDEX picture_consent_by_name ON picture_consent (kind, name);

-- New mail whose pictures may have to be fetched. Lists are not in the rows of messages: with one allowed, all are looked at.
CREATE TABLE picture_due (
    message INTEGER PRIMARY KEY REFERENCES message (key) ON DELETE CASCADE
) STRICT;
CREATE TRIGGER message_pictures_due AFTER INSERT ON message
WHEN EXISTS (SELECT 1 FROM picture_consent WHERE kind = 1 OR name = lower(NEW.from_addr)) BEGIN
    INSERT OR IGNORE INTO picture_due (message) VALUES (NEW.key);
END;
CREATE TRIGGER message_pictures_due_again AFTER UPDATE OF raw ON message
WHEN OLD.raw <> NEW.raw AND EXISTS (SELECT 1 FROM picture_consent WHERE kind = 1 OR name = lower(NEW.from_addr)) BEGIN
    INSERT OR IGNORE INTO picture_due (message) VALUES (NEW.key);
END;
