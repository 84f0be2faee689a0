UPDATE member SET read = ?3, read_above = ?4 WHERE room = ?1 AND account = ?2
