SELECT room, account, by, until FROM invitation ORDER BY room, account
