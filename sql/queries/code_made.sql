INSERT INTO code (code, room, by, until) VALUES (?1, ?2, ?3, ?4)
