-- Why: what is attached as text can be found, and the mailing list that a message came by; people are offered while one types,
-- from all mail; searches are remembered, and kept under a name.

-- The index once more, with a column for mailing lists. Every message is indexed again, because what is attached is new in it.
-- rowid: the number that the message has in search_document. The body comes first, because most words by far are in it, and
-- only of the other columns is it said at each word which of them it is: two octets of five.
DROP TRIGGER message_no_longer_indexed;
DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5 (
    body, subject, sender, recipients, copies, attachments, list,
    content = '', contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* Co'"
);

-- The first letters of the words, each once for a message and a field, so that what is typed is found from its first letter
-- on without reading every word that begins with it: an index of where in the text these are would be larger than the rest.
CREATE VIRTUAL TABLE search_beginning USING fts5 (
    words,
    content = '', contentless_delete = 1, detail = none,
    tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* Co'"
);

-- What the index calls a message. Its lists hold the distance from each number to the next, so the smaller numbers are, the
-- smaller is the index: keys are far apart. Numbers are in the order of keys: the newest hits are read first, nothing is sorted.
CREATE TABLE search_document (
    number  INTEGER PRIMARY KEY,
    message INTEGER NOT NULL      -- no reference: the trigger below does what is to be done
) STRICT;
CREATE UNIQUE INDEX search_document_by_message ON search_document (message);

CREATE TRIGGER message_no_longer_indexed AFTER DELETE ON message BEGIN
    DELETE FROM search WHERE rowid = (SELECT number FROM search_document WHERE message = OLD.key);
    DELETE FROM search_beginning WHERE rowid = (SELECT number FROM search_document WHERE message = OLD.key);
    DELETE FROM search_document WHERE message = OLD.key;
END;

-- A message that is only to be indexed again must not count its people twice.
ALTER TABLE to_index ADD COLUMN people INTEGER NOT NULL DEFAULT 1;    -- 1: the people named in it are still to be counted
INSERT OR IGNORE INTO to_index (message) SELECT key FROM message;

-- What is written here is another message each time it is saved; what came in gets its rest, and names the same people.
DROP TRIGGER message_to_index_again;
CREATE TRIGGER message_to_index_again AFTER UPDATE OF raw ON message WHEN OLD.raw <> NEW.raw BEGIN
    INSERT INTO to_index (message, people) VALUES (NEW.key, NEW.uid IS NULL)
        ON CONFLICT (message) DO UPDATE SET people = max(people, excluded.people);
END;

-- Who writes, and who is written to.
CREATE TABLE contact (
    id      INTEGER PRIMARY KEY,
    address TEXT NOT NULL,       -- lower case
    name    TEXT NOT NULL,       -- the one last seen, fit for the screen; empty: none
    words   TEXT NOT NULL,       -- those of name and address, without case and accents, each with a blank before it
    seen    INTEGER NOT NULL,    -- messages received that name it
    written INTEGER NOT NULL,    -- messages written here to it
    last_at INTEGER NOT NULL,    -- Unix seconds: of the last message that names it
    weight  INTEGER NOT NULL     -- how soon it is offered: see the code
) STRICT;
CREATE UNIQUE INDEX contact_by_address ON contact (address);
CREATE INDEX contact_by_weight ON contact (weight);

CREATE TABLE contact_word (
    word    TEXT NOT NULL,
    contact INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
    PRIMARY KEY (word, contact)
) STRICT;

-- What was searched for, as typed; the last time.
CREATE TABLE past_search (
    id   INTEGER PRIMARY KEY,    -- the highest is the last
    text TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX past_search_by_text ON past_search (text);

CREATE TABLE saved_search (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL COLLATE NOCASE,
    text TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX saved_search_by_name ON saved_search (name);

-- What a search asks of a message beside its words, newest first and side by side: rows are thirty times as long.
CREATE INDEX message_facts ON message (key, flags, mailbox, has_attachments, size_bytes);

-- For what is rare and searched for without a word, newest first, as the two of the kind that there are.
CREATE INDEX message_read ON message (key) WHERE flags & 1 = 1;
CREATE INDEX message_answered ON message (key) WHERE flags & 4 = 4;
CREATE INDEX message_forwarded ON message (key) WHERE flags & 8 = 8;
CREATE INDEX message_large ON message (key, size_bytes) WHERE size_bytes > 65536;
