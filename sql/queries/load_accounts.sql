SELECT id, name, password_version, created, last_seen, away, operator, acks FROM account ORDER BY id
