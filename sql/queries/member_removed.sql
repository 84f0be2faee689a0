-- Takes its mentions along.
DELETE FROM member WHERE room = ?1 AND account = ?2
