//! What of the model is stored, and what is left of it when only that is.

use std::collections::BTreeSet;

use chat_server::chat::{
    AccountId, AccountRow, MemberRow, ReadMark, RoomId, Snapshot, StoredRoom, StoredToken, Timestamp, Visibility,
};

use super::{Model, Session};

impl Model {
    /// What the store must hold.
    pub fn snapshot(&self) -> Snapshot {
        let accounts = self.accounts.values().map(|account| AccountRow {
            id: account.id,
            name: account.name.clone(),
            password_version: account.version,
            created: account.created,
            last_seen: account.last_seen,
            away: account.away.clone(),
            operator: account.operator,
            acks: account.acks,
        });
        let mut snapshot = Snapshot {
            accounts: accounts.collect(),
            address_bans: self.address_bans.iter().map(|(address, ban)| (*address, ban.clone())).collect(),
            last_room: self.last_room,
            ..Snapshot::default()
        };
        for account in self.accounts.values() {
            snapshot.account_bans.extend(account.ban.clone().map(|ban| (account.id, ban)));
            snapshot.tokens.extend(account.tokens.iter().map(|(name, token)| StoredToken {
                account: account.id,
                name: name.clone(),
                digest: token.digest,
                created: token.created,
                until: token.until,
                used: token.stored,
            }));
        }
        for room in self.rooms.values() {
            let id = room.id;
            let visibility = if room.public { Visibility::Public } else { Visibility::Private };
            snapshot.rooms.push(StoredRoom {
                id,
                name: room.name.clone(),
                visibility: room.name.is_some().then_some(visibility),
                created: room.created,
                topic: room.topic.clone(),
                last_seq: room.last,
            });
            for (account, member) in &room.members {
                let (role, since, read) = (member.role, member.since, ReadMark::up_to(member.read));
                snapshot.members.push(MemberRow { room: id, account: *account, role, since, read });
                snapshot.mentions.extend(member.named.iter().map(|seq| (id, *account, *seq)));
            }
            snapshot.invitations.extend(room.invited.iter().map(|(account, row)| (id, *account, row.0, row.1)));
            snapshot.codes.extend(room.codes.iter().map(|(code, row)| (code.clone(), id, row.0, row.1)));
            snapshot.bans.extend(room.bans.iter().map(|(account, ban)| (id, *account, ban.clone())));
        }
        snapshot.codes.sort_by(|one, other| one.0.cmp(&other.0));
        snapshot
    }

    /// The server was stopped or killed, and has started again.
    pub fn restart(&mut self) {
        self.sessions.clear();
        self.operator_code = None;
        self.reload();
        for room in self.rooms.values_mut() {
            room.lately.clear();
            room.members.values_mut().for_each(|member| member.follows = false);
        }
    }

    /// The server has read its store again: what is neither stored nor a session is forgotten.
    pub fn reload(&mut self) {
        for account in self.accounts.values_mut() {
            account.tries = (0, Timestamp(0));
        }
        self.recall_uses();
    }

    /// `self` is how the chat was before a turn of which nothing was stored, `after` how it would have been. Connections
    /// that the turn ended stay ended, those it let in are not.
    pub fn undo(&mut self, after: &Model) {
        self.reload();
        self.sessions.retain(|client, _| after.sessions.contains_key(client));
        for (client, session) in &mut self.sessions {
            // It was heard all the same.
            session.heard = after.sessions[client].heard;
        }
        self.recall_uses();
        let listens = |session: &Session| session.hears.keys().map(|room| (session.account, *room)).collect::<Vec<_>>();
        let heard: BTreeSet<(AccountId, RoomId)> = self.sessions.values().flat_map(listens).collect();
        for room in self.rooms.values_mut() {
            for (account, member) in &mut room.members {
                // Whose membership or read position the turn changed is not said to have read what it has seen:
                // rather shown twice than never.
                let after = after.rooms.get(&room.id).and_then(|room| room.members.get(account));
                let is_untouched = after.is_some_and(|after| after.follows && after.read == member.read);
                member.follows &= heard.contains(&(*account, room.id)) && (is_untouched || member.read == room.last);
            }
        }
    }
}
