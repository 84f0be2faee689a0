-- Any room whose messages are not numbered 1, 2, 3, ... without a gap. Reads the keys of all messages.
SELECT room FROM message GROUP BY room
HAVING room NOT IN (SELECT id FROM deleted_room) AND (count(*) <> max(seq) OR room NOT IN (SELECT id FROM room))
