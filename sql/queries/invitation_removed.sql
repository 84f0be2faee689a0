DELETE FROM invitation WHERE room = ?1 AND account = ?2
