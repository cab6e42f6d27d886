-- Some servers hang up on CAPA (RFC 2449 came after them): asked once, a server like that is not asked again.
ALTER TABLE server_memory ADD COLUMN hangs_up_on_capa INTEGER NOT NULL DEFAULT 0;
