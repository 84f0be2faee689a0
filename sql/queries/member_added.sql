INSERT INTO member (room, account, role, since, read, read_above) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
