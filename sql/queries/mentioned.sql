INSERT INTO mention (room, account, seq) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING
