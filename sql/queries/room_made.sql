INSERT INTO room (id, name, visibility, created) VALUES (?1, ?2, ?3, ?4)
