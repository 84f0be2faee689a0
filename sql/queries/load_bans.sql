SELECT room, account, by, at, until, why FROM ban ORDER BY room, account
