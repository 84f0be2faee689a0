-- What a token allows, and which messages programs sent.

-- 0 reads, 1 also sends, 2 does all that its account may do. Tokens of before allow what they allowed.
ALTER TABLE token ADD COLUMN scope INTEGER NOT NULL DEFAULT 2 CHECK (scope IN (0, 1, 2));

-- Whether a program sent it.
ALTER TABLE message ADD COLUMN program INTEGER NOT NULL DEFAULT 0 CHECK (program IN (0, 1));

-- What keeps people who they are: reserved names, codes for new passwords and new accounts, and notices.

-- The names of deleted accounts, which nobody else can take until an operator frees them.
CREATE TABLE former_name (
    name    TEXT NOT NULL COLLATE NOCASE PRIMARY KEY CHECK (length(name) BETWEEN 2 AND 20),
    account INTEGER NOT NULL REFERENCES account (id),
    freed   INTEGER NOT NULL DEFAULT 0 CHECK (freed IN (0, 1))
) STRICT, WITHOUT ROWID;

-- One-time codes with which people who forgot their passwords set new ones, at most one an account.
CREATE TABLE password_code (
    account INTEGER PRIMARY KEY REFERENCES account (id),
    -- BLAKE2s-256 of the code, of which nothing else is kept.
    digest  BLOB NOT NULL CHECK (length(digest) = 32),
    until   INTEGER NOT NULL
) STRICT;

-- What an account is shown at its next login.
CREATE TABLE notice (
    id      INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    at      INTEGER NOT NULL,
    -- 0 an operator made a code for a new password, 1 the reader's invitation expired, 2 it was taken back, 3 an
    -- invitation by the reader expired, 4 it was taken back.
    kind    INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 4),
    -- The room and the other person, by the names that they had then.
    room    TEXT,
    who     TEXT
) STRICT;

CREATE INDEX notice_of_account ON notice (account);

-- One row once an operator has chosen who can register: 0 everybody, 1 who has a code, 2 nobody.
CREATE TABLE registration (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    whose INTEGER NOT NULL CHECK (whose IN (0, 1, 2))
) STRICT;

-- One-time codes with which people register.
CREATE TABLE registration_code (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    by     INTEGER NOT NULL,
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
