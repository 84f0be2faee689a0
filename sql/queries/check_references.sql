-- Any row that refers to a missing one. Messages are left out here: there are too many.
SELECT 1 FROM member WHERE room NOT IN (SELECT id FROM room) OR account NOT IN (SELECT id FROM account)
UNION ALL
SELECT 1 FROM mention WHERE (room, account) NOT IN (SELECT room, account FROM member)
UNION ALL
SELECT 1 FROM invitation WHERE room NOT IN (SELECT id FROM room) OR account NOT IN (SELECT id FROM account)
UNION ALL
SELECT 1 FROM code WHERE room NOT IN (SELECT id FROM room)
UNION ALL
SELECT 1 FROM ban WHERE room NOT IN (SELECT id FROM room) OR account NOT IN (SELECT id FROM account)
UNION ALL
SELECT 1 FROM account_ban WHERE account NOT IN (SELECT id FROM account)
