UPDATE member SET read = ?3 WHERE room = ?1 AND account = ?2
