-- Why: the index of beginnings says in one word more of a message that a beginning is in it, in whichever field: what is typed
-- then asks for two words and not for seven. So every message is indexed once more.
INSERT INTO search (search) VALUES ('delete-all');
INSERT INTO search_beginning (search_beginning) VALUES ('delete-all');
DELETE FROM search_document;
INSERT OR IGNORE INTO to_index (message, people) SELECT key, 0 FROM message;

-- The words that the index knows, each at every place that it stands.
CREATE VIRTUAL TABLE search_term USING fts5vocab (search, instance);
