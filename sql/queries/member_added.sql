INSERT INTO member (room, account, role, since, read) VALUES (?1, ?2, ?3, ?4, ?5)
