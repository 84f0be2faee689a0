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
