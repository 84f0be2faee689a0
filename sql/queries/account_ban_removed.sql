DELETE FROM account_ban WHERE account = ?1
