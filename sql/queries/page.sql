-- A part of a room's history with the names its authors have now; no name for a deleted author.
SELECT message.seq, message.at, message.author, account.name, message.kind, message.body
FROM message LEFT JOIN account ON account.id = message.author
WHERE message.room = ?1 AND message.seq BETWEEN ?2 AND ?3
ORDER BY message.seq
