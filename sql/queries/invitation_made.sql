INSERT INTO invitation (room, account, by, until) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (room, account) DO UPDATE SET by = excluded.by, until = excluded.until
