-- All messages of a room; the time grows with their number.
DELETE FROM message WHERE room = ?1
