-- Invitations into rooms, by name or by a one-time code.

-- name: invitation_made
INSERT INTO invitation (room, account, by, until) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (room, account) DO UPDATE SET by = excluded.by, until = excluded.until;

-- name: invitation_removed
DELETE FROM invitation WHERE room = ?1 AND account = ?2;

-- name: code_made
INSERT INTO code (code, room, by, until) VALUES (?1, ?2, ?3, ?4);

-- name: code_removed
DELETE FROM code WHERE code = ?1;

-- name: load_invitations
SELECT room, account, by, until FROM invitation ORDER BY room, account;

-- name: load_codes
SELECT code, room, by, until FROM code ORDER BY code;
