UPDATE account SET name = NULL, hash = NULL, away = NULL, deleted = ?2 WHERE id = ?1
