UPDATE room SET visibility = ?2 WHERE id = ?1
