-- The newest number is one seek a room.
SELECT id, name, visibility, created, topic, topic_by, topic_at,
    coalesce((SELECT max(seq) FROM message WHERE message.room = room.id), 0)
FROM room ORDER BY id
