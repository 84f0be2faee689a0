UPDATE token SET used = max(coalesce(used, ?3), ?3) WHERE account = ?1 AND name = ?2
