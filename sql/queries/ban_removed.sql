DELETE FROM ban WHERE room = ?1 AND account = ?2
