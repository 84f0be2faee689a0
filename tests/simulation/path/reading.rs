//! What may count as read: what was delivered and acted after. A stored read position is never ahead of that.

use std::collections::{BTreeMap, BTreeSet};

use chat_server::chat::{AccountId, Record, RoomId, Seq};

/// What each member may have read: everything up to a number, and some messages above it.
#[derive(Debug, Default)]
pub struct Reading(BTreeMap<(AccountId, RoomId), (Seq, BTreeSet<Seq>)>);

impl Reading {
    /// A message was delivered to a connection of the account, whose client has acted since.
    pub fn allow(&mut self, account: AccountId, room: RoomId, seq: Seq) {
        self.0.entry((account, room)).or_default().1.insert(seq);
    }

    /// Takes a record that is stored; what is wrong with it.
    pub fn check(&mut self, record: &Record) -> Option<String> {
        match record {
            Record::MemberAdded { room, account, read, .. } => {
                self.0.entry((*account, *room)).or_default().0 = read.read_up_to();
            }
            // Own words are never unread.
            Record::MessageSaid { room, author, seq, .. } => self.allow(*author, *room, *seq),
            Record::ReadSet { room, account, read } => {
                let (base, allowed) = self.0.entry((*account, *room)).or_default();
                let ranges = std::iter::once((*base + 1, read.read_up_to())).chain(read.above().iter().copied());
                let mut ahead = ranges.flat_map(|(from, to)| from..=to).filter(|seq| !allowed.contains(seq));
                let ahead = ahead.find(|seq| seq > base);
                return ahead.map(|seq| format!("{account} has not acted after {seq} in {room}: {read:?}"));
            }
            _ => {}
        }
        None
    }
}
