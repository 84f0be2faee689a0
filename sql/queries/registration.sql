-- Who can create an account, and the codes for it.

-- name: registration_set
INSERT INTO registration (id, whose) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET whose = excluded.whose;

-- name: load_registration
SELECT whose FROM registration WHERE id = 1;

-- name: registration_code_made
INSERT INTO registration_code (digest, by, until) VALUES (?1, ?2, ?3);

-- name: registration_code_removed
DELETE FROM registration_code WHERE digest = ?1;

-- name: load_registration_codes
SELECT digest, by, until FROM registration_code ORDER BY digest;
