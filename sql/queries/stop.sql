-- The token of a stop at which another program prevented the final checkpoint.

-- name: stopped
INSERT INTO last_stop (id, token) VALUES (1, random())
ON CONFLICT (id) DO UPDATE SET token = excluded.token
RETURNING token;

-- name: last_stop
SELECT token FROM last_stop WHERE id = 1;
