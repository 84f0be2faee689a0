UPDATE account SET name = NULL, hash = NULL, away = NULL, operator = 0, deleted = ?2 WHERE id = ?1
