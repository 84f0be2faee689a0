UPDATE token SET used = ?3 WHERE account = ?1 AND name = ?2
