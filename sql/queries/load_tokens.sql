SELECT account, name, digest, created, until, used FROM token ORDER BY account, name
