SELECT id, hash, password_version FROM account WHERE id = ?1 AND hash IS NOT NULL
