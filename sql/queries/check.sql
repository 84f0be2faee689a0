-- The check at the start. These statements may read whole tables.

-- name: check_references
-- Finds a row that refers to a missing one. Messages are left out, because there are too many.
SELECT 1 FROM member WHERE room NOT IN (SELECT id FROM room) OR account NOT IN (SELECT id FROM account)
UNION ALL
SELECT 1 FROM mention WHERE (room, account) NOT IN (SELECT room, account FROM member)
UNION ALL
SELECT 1 FROM invitation WHERE room NOT IN (SELECT id FROM room) OR account NOT IN (SELECT id FROM account)
UNION ALL
SELECT 1 FROM code WHERE room NOT IN (SELECT id FROM room)
UNION ALL
SELECT 1 FROM ban WHERE room NOT IN (SELECT id FROM room) OR account NOT IN (SELECT id FROM account)
UNION ALL
-- The messages of this one would be removed.
SELECT 1 FROM deleted_room WHERE id IN (SELECT id FROM room)
UNION ALL
SELECT 1 FROM account_ban WHERE account NOT IN (SELECT id FROM account);

-- name: check_numbers
-- Finds a room that is missing or whose messages are not numbered 1, 2, 3, ... without a gap. Reads the keys of all
-- messages.
SELECT room FROM message GROUP BY room
HAVING room NOT IN (SELECT id FROM deleted_room) AND (count(*) <> max(seq) OR room NOT IN (SELECT id FROM room));

-- name: check_messages
-- All messages, as the query page has them, and their rooms.
SELECT message.seq, message.at, message.author, account.name, message.kind, message.body, message.program, message.room
FROM message LEFT JOIN account ON account.id = message.author;

-- name: check_count
SELECT count(*) FROM message;
