DELETE FROM address_ban WHERE address = ?1
