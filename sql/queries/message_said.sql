INSERT INTO message (room, seq, at, author, kind, body, key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
