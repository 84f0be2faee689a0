DELETE FROM code WHERE code = ?1
