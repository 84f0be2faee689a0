//! A room and its members.

use std::collections::{BTreeMap, BTreeSet};

use chat_server::chat::{AccountId, Code, Name, Role, RoomId, SendKey, Seq, StoredBan, Text, Timestamp};

use super::holds;

#[derive(Clone, Debug)]
pub struct Room {
    pub id: RoomId,
    /// `None` for a direct room.
    pub name: Option<Name>,
    pub public: bool,
    pub(super) created: Timestamp,
    pub(super) topic: Option<(Text, AccountId, Timestamp)>,
    pub last: Seq,
    /// The newest number before each second in which something was said lately.
    pub(super) lately: Vec<(Timestamp, Seq)>,
    pub members: BTreeMap<AccountId, Member>,
    pub invited: BTreeMap<AccountId, (AccountId, Timestamp)>,
    pub codes: BTreeMap<Code, (AccountId, Timestamp)>,
    pub bans: BTreeMap<AccountId, StoredBan>,
    /// What was said under a key.
    pub(super) keys: BTreeMap<(AccountId, SendKey), (Seq, Timestamp)>,
}

#[derive(Clone, Debug)]
pub struct Member {
    pub role: Role,
    pub(super) since: Timestamp,
    /// As it is stored.
    pub read: Seq,
    /// Sees everything at once: nothing is unread.
    pub(super) follows: bool,
    /// Messages that name it, above `read`.
    pub(super) named: BTreeSet<Seq>,
}

impl Room {
    /// Gives the next number.
    pub(super) fn count(&mut self, now: Timestamp, look_back_s: u64) -> Seq {
        let is_old = |(at, _): &(Timestamp, Seq)| at.plus_seconds(look_back_s) < now;
        let old = self.lately.iter().take_while(|entry| is_old(entry)).count();
        self.lately.drain(..old);
        let sound = self.lately.iter().take_while(|(at, _)| *at <= now).count();
        let before = self.lately.get(sound).map_or(self.last, |(_, seq)| *seq);
        self.lately.truncate(sound);
        if self.lately.last().is_none_or(|(at, _)| at.0 / 1000 != now.0 / 1000) {
            self.lately.push((now, before));
        }
        self.last += 1;
        self.last
    }

    pub fn is_banned(&self, account: AccountId, now: Timestamp) -> bool {
        self.bans.get(&account).is_some_and(|ban| holds(ban, now))
    }

    pub fn is_invited(&self, account: AccountId, now: Timestamp) -> bool {
        self.invited.get(&account).is_some_and(|(_, until)| now < *until)
    }

    pub fn unread(&self, account: AccountId) -> u64 {
        match self.members.get(&account) {
            Some(member) if !member.follows => self.last - member.read,
            _ => 0,
        }
    }
}

impl Member {
    pub(super) fn read_up_to(&mut self, seq: Seq) {
        assert!(seq >= self.read);
        self.read = seq;
        self.named.retain(|named| *named > seq);
    }
}
