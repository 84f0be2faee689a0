UPDATE account SET hash = ?2, password_version = ?3 WHERE id = ?1
