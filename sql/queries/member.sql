-- Members of rooms, their read marks, and the unread messages that mention them.

-- name: member_added
INSERT INTO member (room, account, role, since, read, read_above) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: member_removed
-- Also deletes its mentions.
DELETE FROM member WHERE room = ?1 AND account = ?2;

-- name: role_set
UPDATE member SET role = ?3 WHERE room = ?1 AND account = ?2;

-- name: read_set
UPDATE member SET read = ?3, read_above = ?4 WHERE room = ?1 AND account = ?2;

-- name: mentioned
INSERT INTO mention (room, account, seq) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING;

-- name: mentions_read
DELETE FROM mention WHERE room = ?1 AND account = ?2 AND seq BETWEEN ?3 AND ?4;

-- name: mentions_removed
-- Some mentions of a deleted room.
DELETE FROM mention WHERE room = ?1 AND (account, seq) IN (SELECT account, seq FROM mention WHERE room = ?1 LIMIT ?2);

-- name: members_removed
-- Some members of a deleted room.
DELETE FROM member WHERE room = ?1 AND account IN (SELECT account FROM member WHERE room = ?1 LIMIT ?2);

-- name: load_members
SELECT room, account, role, since, read, read_above FROM member
WHERE room NOT IN (SELECT id FROM deleted_room) ORDER BY room, account;

-- name: load_mentions
SELECT room, account, seq FROM mention
WHERE room NOT IN (SELECT id FROM deleted_room) ORDER BY room, account, seq;
