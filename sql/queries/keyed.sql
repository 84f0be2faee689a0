-- What an account has said under a key: one message a room at most.
SELECT room, seq, at FROM message WHERE author = ?1 AND key = ?2
