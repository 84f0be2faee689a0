-- The first schema. Never changed once released: what comes later is another file.
-- Times are milliseconds since 1970-01-01 UTC. Texts were cleaned before they came here.

-- 'CHAT': tells this store from any other program's database.
PRAGMA application_id = 0x43484154;

-- A deleted account keeps its row, so that its number is not given again and its messages keep an author.
CREATE TABLE account (
    id               INTEGER PRIMARY KEY,
    -- ASCII only, so NOCASE compares exactly as the chat does.
    name             TEXT COLLATE NOCASE UNIQUE CHECK (length(name) BETWEEN 2 AND 20),
    -- In PHC string form.
    hash             TEXT,
    -- Counts the passwords, from 1.
    password_version INTEGER NOT NULL CHECK (password_version > 0),
    created          INTEGER NOT NULL,
    last_seen        INTEGER,
    away             TEXT,
    operator         INTEGER NOT NULL DEFAULT 0 CHECK (operator IN (0, 1)),
    acks             INTEGER NOT NULL DEFAULT 0 CHECK (acks IN (0, 1)),
    deleted          INTEGER,
    CHECK ((name IS NULL) = (deleted IS NOT NULL)),
    CHECK (name IS NOT NULL OR (hash IS NULL AND away IS NULL))
) STRICT;

-- Deleting a room takes all that is in it along but its messages.
-- AUTOINCREMENT remembers the highest number ever given.
-- Its newest message's number is not here: it is the last key of the room in `message`, one seek away, and a column
-- would cost every message a second write.
CREATE TABLE room (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- NULL for a direct room.
    name       TEXT COLLATE NOCASE CHECK (length(name) BETWEEN 2 AND 20),
    -- 0 public, 1 private, NULL for a direct room.
    visibility INTEGER CHECK (visibility IN (0, 1)),
    created    INTEGER NOT NULL,
    topic      TEXT,
    topic_by   INTEGER,
    topic_at   INTEGER,
    CHECK ((name IS NULL) = (visibility IS NULL)),
    CHECK ((topic IS NULL) = (topic_by IS NULL) AND (topic IS NULL) = (topic_at IS NULL))
) STRICT;

-- Private rooms may share a name: else trying to take it would tell an outsider that there is such a room.
CREATE UNIQUE INDEX public_room ON room (name) WHERE visibility = 0;

-- Deleted rooms whose messages are not all removed: there may be millions, so that is done a little at a time.
CREATE TABLE deleted_room (
    id INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE member (
    room    INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    account INTEGER NOT NULL REFERENCES account (id),
    -- 0 member, 1 moderator, 2 owner.
    role    INTEGER NOT NULL CHECK (role IN (0, 1, 2)),
    since   INTEGER NOT NULL,
    -- The number up to which it has read.
    read    INTEGER NOT NULL CHECK (read >= 0),
    PRIMARY KEY (room, account)
) STRICT, WITHOUT ROWID;

-- Without foreign keys: they would cost a look-up a message, and the messages of a deleted room outlive it for a while. The check at the start finds messages without a room.
-- Clustered by room and number, without any other index: storing one appends, and a page of history is one range.
CREATE TABLE message (
    room   INTEGER NOT NULL,
    seq    INTEGER NOT NULL CHECK (seq > 0),
    at     INTEGER NOT NULL,
    author INTEGER NOT NULL,
    -- 0 speech, 1 action.
    kind   INTEGER NOT NULL CHECK (kind IN (0, 1)),
    body   TEXT NOT NULL,
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;

-- Unread messages that name a member.
CREATE TABLE mention (
    room    INTEGER NOT NULL,
    account INTEGER NOT NULL,
    seq     INTEGER NOT NULL CHECK (seq > 0),
    PRIMARY KEY (room, account, seq),
    FOREIGN KEY (room, account) REFERENCES member (room, account) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE invitation (
    room    INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    account INTEGER NOT NULL REFERENCES account (id),
    by      INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    PRIMARY KEY (room, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE code (
    code  TEXT NOT NULL PRIMARY KEY,
    room  INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    by    INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX code_of_room ON code (room);

CREATE TABLE ban (
    room    INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    account INTEGER NOT NULL REFERENCES account (id),
    by      INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    -- NULL for good.
    until   INTEGER,
    why     TEXT NOT NULL,
    PRIMARY KEY (room, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE account_ban (
    account INTEGER PRIMARY KEY REFERENCES account (id),
    by      INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    until   INTEGER,
    why     TEXT NOT NULL
) STRICT;

CREATE TABLE address_ban (
    -- One IPv4 address, or an IPv6 /64.
    address TEXT NOT NULL PRIMARY KEY,
    by      INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    until   INTEGER,
    why     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
