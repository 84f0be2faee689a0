INSERT INTO account_ban (account, by, at, until, why) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (account) DO UPDATE SET by = excluded.by, at = excluded.at, until = excluded.until, why = excluded.why
