-- A deleted room, whose messages are to be removed.
INSERT INTO deleted_room (id) VALUES (?1)
