UPDATE account SET operator = ?2 WHERE id = ?1
