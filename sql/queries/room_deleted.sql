-- Takes members, mentions, invitations, codes and bans along.
DELETE FROM room WHERE id = ?1
