-- No row before the first room is made.
SELECT seq FROM sqlite_sequence WHERE name = 'room'
