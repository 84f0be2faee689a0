-- The token of a stop at which another program kept the log from being copied into the database.

-- name: stopped
INSERT INTO last_stop (id, token) VALUES (1, random())
ON CONFLICT (id) DO UPDATE SET token = excluded.token
RETURNING token;

-- name: last_stop
SELECT token FROM last_stop WHERE id = 1;
