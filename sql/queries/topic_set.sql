UPDATE room SET topic = ?2, topic_by = ?3, topic_at = ?4 WHERE id = ?1
