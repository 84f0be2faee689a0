SELECT code, room, by, until FROM code ORDER BY code
