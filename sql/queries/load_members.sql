SELECT room, account, role, since, read FROM member ORDER BY room, account
