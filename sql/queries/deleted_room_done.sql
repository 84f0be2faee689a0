-- All messages of a deleted room are removed.
DELETE FROM deleted_room WHERE id = ?1
