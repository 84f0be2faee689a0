-- Messages.

-- name: message_said
INSERT INTO message (room, seq, at, author, kind, body, key, program) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: keyed
-- The messages of an account under an idempotency key, at most one per room.
SELECT room, seq, at FROM message WHERE author = ?1 AND key = ?2;

-- name: page
-- A range of a room's history, with the current names of the authors; a deleted author has none.
SELECT message.seq, message.at, message.author, account.name, message.kind, message.body, message.program
FROM message LEFT JOIN account ON account.id = message.author
WHERE message.room = ?1 AND message.seq BETWEEN ?2 AND ?3
ORDER BY message.seq;

-- name: messages_removed
-- The first ?2 messages of a deleted room.
DELETE FROM message WHERE room = ?1 AND seq < (SELECT min(seq) FROM message WHERE room = ?1) + ?2;
