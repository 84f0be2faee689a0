SELECT address, by, at, until, why FROM address_ban
