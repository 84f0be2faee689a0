-- A deleted room whose messages are not all removed.
SELECT id FROM deleted_room LIMIT 1
