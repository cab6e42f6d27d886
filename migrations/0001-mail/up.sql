-- Why: the first schema. Accounts and their mailboxes, messages with their received octets, the ledger of what each server
-- has and what became of it, drafts and the Outbox.
--
-- A released migration is never edited; what comes later (full text, threads, own mailboxes, an undo journal) is added by
-- new tables and columns. Columns without NOT NULL are those whose absence means something; each says what.

-- Identities are never used twice (AUTOINCREMENT): the keyring knows an account's password by its number.
CREATE TABLE account (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    name              TEXT NOT NULL COLLATE NOCASE UNIQUE,
    display_name      TEXT NOT NULL,
    address           TEXT NOT NULL,
    signature         TEXT NOT NULL,
    incoming_host     TEXT NOT NULL,
    incoming_port     INTEGER NOT NULL,
    incoming_security TEXT NOT NULL,
    user              TEXT NOT NULL,
    password_command  TEXT,             -- NULL: the password is in the keyring
    retention         TEXT NOT NULL,    -- forever, none or days:N
    outgoing_host     TEXT,             -- these three NULL: the account only receives
    outgoing_port     INTEGER,
    outgoing_security TEXT,
    outgoing_user     TEXT,             -- NULL: the same as user
    ca_file           BLOB,             -- a path, which need not be UTF-8; NULL: none
    incoming_pin      BLOB,             -- SHA-256 of a certificate; NULL: none is pinned
    outgoing_pin      BLOB,
    timeout_secs      INTEGER NOT NULL
) STRICT;

-- total and unread are kept by triggers, so that showing them never means counting.
CREATE TABLE mailbox (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role    TEXT NOT NULL,
    total   INTEGER NOT NULL DEFAULT 0,
    unread  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX mailbox_by_role ON mailbox (account, role);

-- key: the message's time in seconds << 20 | a sequence. An index on mailbox alone therefore lists a mailbox by time.
-- Text is kept as received (decoded, cut to a length); it is made fit for the screen when it is read, so that better rules
-- also reach old mail.
CREATE TABLE message (
    key              INTEGER PRIMARY KEY,
    mailbox          INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
    previous_mailbox INTEGER,             -- where it lay before; NULL: nowhere else. Not a reference: a number that no longer
                                          -- exists simply means the Inbox, and removing an account need not search for it
    flags            INTEGER NOT NULL,    -- bit 0 seen, 1 starred, 2 answered, 3 forwarded
    has_attachments  INTEGER NOT NULL,
    date             INTEGER NOT NULL,    -- Unix seconds: the message's own, or when it was stored
    stored_at        INTEGER NOT NULL,
    size_bytes       INTEGER NOT NULL,
    raw              INTEGER NOT NULL,    -- its raw_chunk rows
    sha256           BLOB NOT NULL,       -- of the octets, checked on every read
    uid              BLOB,                -- POP3 unique-id it came under; NULL: none, or written here
    from_name        TEXT NOT NULL,
    from_addr        TEXT NOT NULL,
    recipients       TEXT NOT NULL,       -- names, or addresses where there is none, joined with commas
    recipient_addrs  TEXT NOT NULL,
    subject          TEXT NOT NULL,
    snippet          TEXT NOT NULL,
    message_id       TEXT,                -- without angle brackets; NULL: the message has none
    in_reply_to      TEXT NOT NULL,       -- Message-IDs, one a line
    reference_ids    TEXT NOT NULL        -- Message-IDs, one a line
) STRICT;
CREATE INDEX message_by_mailbox ON message (mailbox);
CREATE INDEX message_by_message_id ON message (message_id) WHERE message_id IS NOT NULL;

-- The received octets, in pieces that compress and stream. Piece n of raw r has the id r << 20 | n: the pieces of a message
-- lie side by side and need no further index.
CREATE TABLE raw_chunk (
    id      INTEGER PRIMARY KEY,
    packing INTEGER NOT NULL,    -- 0 as they are, 1 zstd
    bytes   BLOB NOT NULL
) STRICT;

-- Raws that are still coming in and belong to no message yet. What is left here when the store opens is removed.
CREATE TABLE stage (
    raw INTEGER PRIMARY KEY
) STRICT;

-- What was stored from the server, for ever: the row outlives the message, so that mail that was removed here does not come
-- again. deletion: 0 not deleted there, 1 DELE sent but QUIT not confirmed, 2 deleted.
CREATE TABLE ledger (
    id         INTEGER PRIMARY KEY,
    account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    uid        BLOB NOT NULL,      -- empty: the server gives none
    size_bytes INTEGER,            -- as the server listed it, wrapped to 64 bits with sign; NULL: unknown
    sha256     BLOB NOT NULL,
    stored_at  INTEGER NOT NULL,
    deletion   INTEGER NOT NULL,
    message    INTEGER REFERENCES message (key) ON DELETE SET NULL    -- NULL: removed for good
) STRICT;
CREATE INDEX ledger_by_uid ON ledger (account, uid, size_bytes);
CREATE INDEX ledger_by_hash ON ledger (account, sha256);
CREATE INDEX ledger_by_message ON ledger (message) WHERE message IS NOT NULL;

-- What the composer holds of a message that was written here and is not sent yet: JSON, but for the attachments.
CREATE TABLE draft (
    message INTEGER PRIMARY KEY REFERENCES message (key) ON DELETE CASCADE,
    fields  TEXT NOT NULL
) STRICT;
CREATE TABLE draft_attachment (
    message      INTEGER NOT NULL REFERENCES draft (message) ON DELETE CASCADE,
    number       INTEGER NOT NULL,
    name         TEXT NOT NULL,
    content_type TEXT NOT NULL,
    bytes        BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX draft_attachment_by_number ON draft_attachment (message, number);

-- A message is to be sent only while it also lies in an Outbox. state: waiting, sending, refused, unknown.
CREATE TABLE outbox (
    message    INTEGER PRIMARY KEY REFERENCES message (key) ON DELETE CASCADE,
    state      TEXT NOT NULL,
    words      TEXT NOT NULL,       -- the server's, where it refused
    recipients TEXT NOT NULL,       -- JSON array of addresses
    queued_at  INTEGER NOT NULL
) STRICT;

CREATE TRIGGER message_counted AFTER INSERT ON message BEGIN
    UPDATE mailbox SET total = total + 1, unread = unread + (NEW.flags & 1 = 0) WHERE id = NEW.mailbox;
END;
CREATE TRIGGER message_removed AFTER DELETE ON message BEGIN
    UPDATE mailbox SET total = total - 1, unread = unread - (OLD.flags & 1 = 0) WHERE id = OLD.mailbox;
    DELETE FROM raw_chunk WHERE id BETWEEN OLD.raw << 20 AND OLD.raw << 20 | 1048575;
END;
CREATE TRIGGER message_moved AFTER UPDATE OF mailbox, flags ON message
WHEN OLD.mailbox <> NEW.mailbox OR OLD.flags & 1 <> NEW.flags & 1 BEGIN
    UPDATE mailbox SET total = total - 1, unread = unread - (OLD.flags & 1 = 0) WHERE id = OLD.mailbox;
    UPDATE mailbox SET total = total + 1, unread = unread + (NEW.flags & 1 = 0) WHERE id = NEW.mailbox;
END;
CREATE TRIGGER raw_replaced AFTER UPDATE OF raw ON message WHEN OLD.raw <> NEW.raw BEGIN
    DELETE FROM raw_chunk WHERE id BETWEEN OLD.raw << 20 AND OLD.raw << 20 | 1048575;
END;
