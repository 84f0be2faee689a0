INSERT INTO address_ban (address, by, at, until, why) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (address) DO UPDATE SET by = excluded.by, at = excluded.at, until = excluded.until, why = excluded.why
