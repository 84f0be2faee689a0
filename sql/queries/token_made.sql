INSERT INTO token (account, name, digest, created, until, used) VALUES (?1, ?2, ?3, ?4, ?5, NULL)
