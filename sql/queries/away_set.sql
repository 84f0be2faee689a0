UPDATE account SET away = ?2 WHERE id = ?1
