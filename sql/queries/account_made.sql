INSERT INTO account (id, name, hash, password_version, created) VALUES (?1, ?2, ?3, 1, ?4)
