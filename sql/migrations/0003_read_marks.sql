-- Messages that members have read above an unread backlog.

-- Ranges of read messages above `read`, ascending and not adjacent, such as '13-20 25-25'.
ALTER TABLE member ADD COLUMN read_above TEXT NOT NULL DEFAULT '';

-- One row once a server has stopped while another program read an older state of the store, which prevented the final
-- checkpoint. The token is the last write of such a server, which also puts it into the file `running`: if the log is gone
-- at the next start and the token is here, that program has checkpointed the log before it removed it.
CREATE TABLE last_stop (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    token INTEGER NOT NULL
) STRICT;
