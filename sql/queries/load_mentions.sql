SELECT room, account, seq FROM mention ORDER BY room, account, seq
