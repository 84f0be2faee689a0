-- Tokens, with which programs log in.

-- name: token_made
INSERT INTO token (account, name, digest, created, until, used, scope) VALUES (?1, ?2, ?3, ?4, ?5, NULL, ?6);

-- name: token_used
UPDATE token SET used = max(coalesce(used, ?3), ?3) WHERE account = ?1 AND name = ?2;

-- name: token_removed
DELETE FROM token WHERE account = ?1 AND name = ?2;

-- name: load_tokens
SELECT account, name, digest, created, until, used, scope FROM token ORDER BY account, name;
