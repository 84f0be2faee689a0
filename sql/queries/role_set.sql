UPDATE member SET role = ?3 WHERE room = ?1 AND account = ?2
