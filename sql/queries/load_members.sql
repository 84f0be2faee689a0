SELECT room, account, role, since, read, read_above FROM member ORDER BY room, account
