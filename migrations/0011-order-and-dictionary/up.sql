-- Lists in other orders than by time, and smaller mail: for a mailbox of a million messages.

-- What a list is put in order by, in narrow rows that lie in the order of their keys: new mail is added at their end, and to
-- read them all is to read a fiftieth of the messages. Text is kept as received and folded when it is compared, so that
-- better rules also reach old mail. No reference to the message: triggers do what is to be done, without a look for it.
CREATE TABLE message_order (
    message    INTEGER PRIMARY KEY,
    sender     TEXT NOT NULL,       -- its name, or the address where there is none
    subject    TEXT NOT NULL,
    size_bytes INTEGER NOT NULL
) STRICT;
INSERT INTO message_order (message, sender, subject, size_bytes)
    SELECT key, substr(iif(trim(from_name) = '', from_addr, from_name), 1, 48), substr(subject, 1, 96), size_bytes
    FROM message ORDER BY key;

-- The last messages that got another place in such an order: who remembers one need not make it anew. Identities count up
-- for ever (AUTOINCREMENT); only the last thousand are kept, and who remembers less begins anew.
CREATE TABLE order_change (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL
) STRICT;

CREATE TRIGGER message_ordered AFTER INSERT ON message BEGIN
    INSERT OR REPLACE INTO message_order (message, sender, subject, size_bytes)
        VALUES (NEW.key, substr(iif(trim(NEW.from_name) = '', NEW.from_addr, NEW.from_name), 1, 48),
                substr(NEW.subject, 1, 96), NEW.size_bytes);
END;
CREATE TRIGGER message_ordered_again AFTER UPDATE OF from_name, from_addr, recipients, subject, size_bytes ON message BEGIN
    INSERT OR REPLACE INTO message_order (message, sender, subject, size_bytes)
        VALUES (NEW.key, substr(iif(trim(NEW.from_name) = '', NEW.from_addr, NEW.from_name), 1, 48),
                substr(NEW.subject, 1, 96), NEW.size_bytes);
    INSERT INTO order_change (message) VALUES (NEW.key);
    DELETE FROM order_change WHERE id <= (SELECT max(id) FROM order_change) - 1000;
END;
CREATE TRIGGER message_no_longer_ordered AFTER DELETE ON message BEGIN
    DELETE FROM message_order WHERE message = OLD.key;
END;

-- What small messages are compressed with: mail to one person repeats itself, and a short message alone has nothing to refer
-- back to. A chunk says by its packing (2 and above) which dictionary it needs. One that is there stays for ever, unchanged,
-- and a second time in a table of its own, for without it no message that was packed with it can be read.
CREATE TABLE raw_dictionary (
    id       INTEGER PRIMARY KEY,
    messages INTEGER NOT NULL,    -- how many were stored when it was made
    sha256   BLOB NOT NULL,
    bytes    BLOB NOT NULL
) STRICT;
CREATE TABLE raw_dictionary_spare (
    id       INTEGER PRIMARY KEY,
    messages INTEGER NOT NULL,
    sha256   BLOB NOT NULL,
    bytes    BLOB NOT NULL
) STRICT;
CREATE TRIGGER raw_dictionary_kept_twice AFTER INSERT ON raw_dictionary BEGIN
    INSERT INTO raw_dictionary_spare (id, messages, sha256, bytes) VALUES (NEW.id, NEW.messages, NEW.sha256, NEW.bytes);
END;
CREATE TRIGGER raw_dictionary_stays BEFORE DELETE ON raw_dictionary BEGIN
    SELECT RAISE(ABORT, 'mail is packed with this dictionary');
END;
CREATE TRIGGER raw_dictionary_unchanged BEFORE UPDATE ON raw_dictionary BEGIN
    SELECT RAISE(ABORT, 'mail is packed with this dictionary');
END;
CREATE TRIGGER raw_dictionary_spare_stays BEFORE DELETE ON raw_dictionary_spare BEGIN
    SELECT RAISE(ABORT, 'mail is packed with this dictionary');
END;
CREATE TRIGGER raw_dictionary_spare_unchanged BEFORE UPDATE ON raw_dictionary_spare BEGIN
    SELECT RAISE(ABORT, 'mail is packed with this dictionary');
END;
