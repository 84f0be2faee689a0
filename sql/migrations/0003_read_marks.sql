-- What members have read above a backlog that they have not read.

-- Ranges of read messages above `read`, ascending and apart from one another, such as '13-20 25-25'.
ALTER TABLE member ADD COLUMN read_above TEXT NOT NULL DEFAULT '';

-- One row once a server has stopped while another program read an older state of the store, which kept the log from
-- being copied into the database. The token is the last thing such a server writes, and it also stands in the file
-- `running`: if the log is gone at the next start and the token is here, that program has copied the log before it
-- removed it.
CREATE TABLE last_stop (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    token INTEGER NOT NULL
) STRICT;
