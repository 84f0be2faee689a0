-- What a token allows, and which messages programs sent.

-- 0 reads, 1 also sends, 2 does all that its account may do. Tokens of before allow what they allowed.
ALTER TABLE token ADD COLUMN scope INTEGER NOT NULL DEFAULT 2 CHECK (scope IN (0, 1, 2));

-- Whether a program sent it.
ALTER TABLE message ADD COLUMN program INTEGER NOT NULL DEFAULT 0 CHECK (program IN (0, 1));
