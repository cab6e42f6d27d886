-- What the lines are like: their round trip by month, and the last visits one by one.

-- Of what the visits of the month took from a command to its reply, microseconds.
ALTER TABLE line_use ADD COLUMN round_trip_us INTEGER;                        -- the shortest; NULL: no visit could tell
ALTER TABLE line_use ADD COLUMN round_trips INTEGER NOT NULL DEFAULT 0;       -- the visits that could tell,
ALTER TABLE line_use ADD COLUMN round_trips_us INTEGER NOT NULL DEFAULT 0;    -- and the sum of theirs

-- The last ones of each account; older ones are let go when a new one comes.
CREATE TABLE visit (
    id            INTEGER PRIMARY KEY,
    account       INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    ended_at      INTEGER NOT NULL,    -- Unix seconds
    connected_ms  INTEGER NOT NULL,
    bytes_in      INTEGER NOT NULL,
    bytes_out     INTEGER NOT NULL,
    round_trip_us INTEGER,             -- NULL: it could not be told
    new           INTEGER NOT NULL,
    outcome       TEXT NOT NULL        -- how it ended, in one word
) STRICT;
CREATE INDEX visit_by_account ON visit (account);
