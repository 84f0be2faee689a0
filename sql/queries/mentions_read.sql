DELETE FROM mention WHERE room = ?1 AND account = ?2 AND seq BETWEEN ?3 AND ?4
