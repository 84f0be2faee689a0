-- The first ?2 messages of a deleted room.
DELETE FROM message WHERE room = ?1 AND seq < (SELECT min(seq) FROM message WHERE room = ?1) + ?2
