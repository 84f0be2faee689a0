UPDATE account SET acks = ?2 WHERE id = ?1
