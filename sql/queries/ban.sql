-- Bans: of accounts from rooms, and of accounts and addresses from the server.

-- name: ban_made
INSERT INTO ban (room, account, by, at, until, why) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (room, account) DO UPDATE SET by = excluded.by, at = excluded.at, until = excluded.until, why = excluded.why;

-- name: ban_removed
DELETE FROM ban WHERE room = ?1 AND account = ?2;

-- name: bans_removed
-- Some bans of a deleted room.
DELETE FROM ban WHERE room = ?1 AND account IN (SELECT account FROM ban WHERE room = ?1 LIMIT ?2);

-- name: account_ban_made
INSERT INTO account_ban (account, by, at, until, why) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (account) DO UPDATE SET by = excluded.by, at = excluded.at, until = excluded.until, why = excluded.why;

-- name: account_ban_removed
DELETE FROM account_ban WHERE account = ?1;

-- name: address_ban_made
INSERT INTO address_ban (address, by, at, until, why) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (address) DO UPDATE SET by = excluded.by, at = excluded.at, until = excluded.until, why = excluded.why;

-- name: address_ban_removed
DELETE FROM address_ban WHERE address = ?1;

-- name: load_bans
SELECT room, account, by, at, until, why FROM ban
WHERE room NOT IN (SELECT id FROM deleted_room) ORDER BY room, account;

-- name: load_account_bans
SELECT account, by, at, until, why FROM account_ban ORDER BY account;

-- name: load_address_bans
SELECT address, by, at, until, why FROM address_ban;
