-- Conversations. Which messages hang together is kept beside the mail, so that opening one never means searching for it; it
-- trails the mail as the search index does, and what is still to be put into its thread is marked, by triggers.

-- Every thread that there ever was. Its rows are never removed, so that a number is never used twice.
CREATE TABLE thread (
    id     INTEGER PRIMARY KEY,
    joined INTEGER                     -- the thread that it has become part of; NULL: it is one still
) STRICT;

-- The thread of a message is one that is one still: when two become one, the messages of the smaller are given the other number.
CREATE TABLE in_thread (
    message INTEGER PRIMARY KEY REFERENCES message (key) ON DELETE CASCADE,
    thread  INTEGER NOT NULL
) STRICT;
CREATE INDEX in_thread_by_thread ON in_thread (thread);

-- Every Message-ID that a message bore or named, for ever: what arrives later finds its thread by it. A hash, for there are
-- more of them than messages; 64 bits, for two that are equal only join two conversations. Its thread may have become part of
-- another since, so that joining two threads need not search for their ids.
CREATE TABLE thread_by_id (
    id_hash INTEGER PRIMARY KEY,       -- the first 8 octets of its SHA-256
    thread  INTEGER NOT NULL
) STRICT;

-- Messages that are not in their thread, or that name others than before.
CREATE TABLE to_thread (
    message INTEGER PRIMARY KEY REFERENCES message (key) ON DELETE CASCADE
) STRICT;
INSERT INTO to_thread (message) SELECT key FROM message;

CREATE TRIGGER message_to_thread AFTER INSERT ON message BEGIN
    INSERT OR IGNORE INTO to_thread (message) VALUES (NEW.key);
END;
CREATE TRIGGER message_to_thread_again AFTER UPDATE OF raw ON message WHEN OLD.raw <> NEW.raw BEGIN
    INSERT OR IGNORE INTO to_thread (message) VALUES (NEW.key);
END;
