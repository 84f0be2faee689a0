SELECT id, hash, password_version FROM account WHERE name = ?1 AND hash IS NOT NULL
