INSERT INTO ban (room, account, by, at, until, why) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (room, account) DO UPDATE SET by = excluded.by, at = excluded.at, until = excluded.until, why = excluded.why
