SELECT account, by, at, until, why FROM account_ban ORDER BY account
