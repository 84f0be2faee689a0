-- Rooms, and deleted rooms that are not all removed.

-- name: room_made
INSERT INTO room (id, name, visibility, created) VALUES (?1, ?2, ?3, ?4);

-- name: room_renamed
UPDATE room SET name = ?2 WHERE id = ?1;

-- name: visibility_set
UPDATE room SET visibility = ?2 WHERE id = ?1;

-- name: topic_set
UPDATE room SET topic = ?2, topic_by = ?3, topic_at = ?4 WHERE id = ?1;

-- name: room_deleted
-- Its row and what it has many of (members, mentions, bans, messages) are removed later, a few at a time.
INSERT INTO deleted_room (id) VALUES (?1);

-- name: room_name_freed
-- Only public rooms have a name for themselves.
UPDATE room SET visibility = 1 WHERE id = ?1 AND visibility = 0;

-- name: room_invitations_removed
DELETE FROM invitation WHERE room = ?1;

-- name: room_codes_removed
DELETE FROM code WHERE room = ?1;

-- name: room_removed
DELETE FROM room WHERE id = ?1;

-- name: load_deleted_room
SELECT id FROM deleted_room LIMIT 1;

-- name: deleted_room_done
DELETE FROM deleted_room WHERE id = ?1;

-- name: load_rooms
-- The newest message of each room is found by one seek.
SELECT id, name, visibility, created, topic, topic_by, topic_at,
    coalesce((SELECT max(seq) FROM message WHERE message.room = room.id), 0)
FROM room WHERE id NOT IN (SELECT id FROM deleted_room) ORDER BY id;

-- name: load_last_room
-- There is no row before the first room.
SELECT seq FROM sqlite_sequence WHERE name = 'room';
