INSERT INTO message (room, seq, at, author, kind, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
