-- Accounts, their passwords and settings.

-- name: account_made
INSERT INTO account (id, name, hash, password_version, created) VALUES (?1, ?2, ?3, 1, ?4);

-- name: account_deleted
UPDATE account SET name = NULL, hash = NULL, away = NULL, operator = 0, deleted = ?2 WHERE id = ?1;

-- name: password_set
UPDATE account SET hash = ?2, password_version = ?3 WHERE id = ?1;

-- name: away_set
UPDATE account SET away = ?2 WHERE id = ?1;

-- name: acks_set
UPDATE account SET acks = ?2 WHERE id = ?1;

-- name: operator_set
UPDATE account SET operator = ?2 WHERE id = ?1;

-- name: seen
UPDATE account SET last_seen = ?2 WHERE id = ?1;

-- name: credential
SELECT id, hash, password_version FROM account WHERE name = ?1 AND hash IS NOT NULL;

-- name: credential_of
SELECT id, hash, password_version FROM account WHERE id = ?1 AND hash IS NOT NULL;

-- name: load_accounts
SELECT id, name, password_version, created, last_seen, away, operator, acks FROM account ORDER BY id;

-- name: name_reserved
INSERT INTO former_name (name, account) SELECT name, id FROM account WHERE id = ?1;

-- name: name_freed
UPDATE former_name SET freed = 1 WHERE name = ?1;

-- name: former_name_taken
DELETE FROM former_name WHERE name = ?1;

-- name: load_former_names
SELECT name, account, freed FROM former_name ORDER BY name;

-- name: password_code_made
INSERT INTO password_code (account, digest, until) VALUES (?1, ?2, ?3)
ON CONFLICT (account) DO UPDATE SET digest = excluded.digest, until = excluded.until;

-- name: password_code_removed
DELETE FROM password_code WHERE account = ?1;

-- name: load_password_codes
SELECT account, digest, until FROM password_code ORDER BY account;

-- name: notice_left
INSERT INTO notice (account, at, kind, room, who) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: notices_shown
DELETE FROM notice WHERE account = ?1;

-- name: load_notices
SELECT account, at, kind, room, who FROM notice ORDER BY id;
