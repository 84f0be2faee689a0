DELETE FROM token WHERE account = ?1 AND name = ?2
