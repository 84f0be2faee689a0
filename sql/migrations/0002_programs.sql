-- What programs need: messages that are stored once however often they are sent, and tokens in place of passwords.

-- The key under which the sender knows a message. Kept for as long as the message, so it is never forgotten too early.
ALTER TABLE message ADD COLUMN key TEXT CHECK (length(CAST(key AS BLOB)) BETWEEN 1 AND 64);

-- Only messages with a key are in it: storing one without still only appends.
CREATE UNIQUE INDEX message_key ON message (author, key, room) WHERE key IS NOT NULL;

CREATE TABLE token (
    account INTEGER NOT NULL REFERENCES account (id),
    name    TEXT NOT NULL COLLATE NOCASE CHECK (length(name) BETWEEN 2 AND 20),
    -- BLAKE2s-256 of the token, of which nothing else is kept.
    digest  BLOB NOT NULL CHECK (length(digest) = 32),
    created INTEGER NOT NULL,
    -- NULL for good.
    until   INTEGER,
    -- When somebody last logged in by it.
    used    INTEGER,
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;
