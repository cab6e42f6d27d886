-- How an account signs in, the way to its servers, and what its POP3 server has shown of itself.

ALTER TABLE account ADD COLUMN sign_in TEXT NOT NULL DEFAULT 'auto';   -- auto, or one way by name
ALTER TABLE account ADD COLUMN proxy TEXT;                             -- a URL without a password; NULL: none
ALTER TABLE account ADD COLUMN client_certificate BLOB;                -- a path, which need not be UTF-8; NULL: none

-- Forgotten when the account gets another server or user.
CREATE TABLE server_memory (
    account           INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    mechanism         TEXT,                 -- what worked last; NULL: nothing yet
    pipelining_broken INTEGER NOT NULL,     -- it announces PIPELINING and cannot do it
    login_delay_secs  INTEGER,              -- what CAPA said; NULL: nothing
    expire            TEXT                  -- days or NEVER, what CAPA said; NULL: nothing
) STRICT;
