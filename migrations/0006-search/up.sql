-- Full text search. The index trails the mail, so that receiving never waits for it, and what is still to be indexed is
-- marked in a table, by triggers: nothing can be forgotten, whatever is killed when.

-- Contentless: the text is in the messages, here are only its words. rowid: the message's key, which is time-ordered, so
-- that the newest hits are read first and nothing is sorted. What goes in was prepared (marks taken off, scripts without
-- spaces cut into pairs of characters), and what is searched for is prepared in the same way; M* are the vowel signs of
-- Indic scripts and of Thai, without which their words would fall apart. prefix: what is typed is found from its first
-- letter on without reading every word that begins with it.
CREATE VIRTUAL TABLE search USING fts5 (
    subject, sender, recipients, copies, body, attachments,
    content = '', contentless_delete = 1, prefix = '1 2 3',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* Co'"
);

-- Messages whose words are not in the index, or not those that they have now.
CREATE TABLE to_index (
    message INTEGER PRIMARY KEY REFERENCES message (key) ON DELETE CASCADE
) STRICT;
INSERT INTO to_index (message) SELECT key FROM message;

CREATE TRIGGER message_to_index AFTER INSERT ON message BEGIN
    INSERT OR IGNORE INTO to_index (message) VALUES (NEW.key);
END;
CREATE TRIGGER message_to_index_again AFTER UPDATE OF raw ON message WHEN OLD.raw <> NEW.raw BEGIN
    INSERT OR IGNORE INTO to_index (message) VALUES (NEW.key);
END;
CREATE TRIGGER message_no_longer_indexed AFTER DELETE ON message BEGIN
    DELETE FROM search WHERE rowid = OLD.key;
END;

-- For what is searched by without a word.
CREATE INDEX message_unread ON message (key) WHERE flags & 1 = 0;
CREATE INDEX message_starred ON message (key) WHERE flags & 2 = 2;
