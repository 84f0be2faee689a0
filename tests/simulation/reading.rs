//! What everybody has read, as a log of what was delivered and acted on says: a flag for each message and member. The chat
//! may report more as unread than this, never less; and exactly this as long as its marks have room for all ranges.

use std::collections::BTreeMap;

use chat_server::chat::{AccountId, ReadMark, RoomId, Seq};

use super::store::Store;

/// Most ranges that the chat's marks keep above their unbroken part.
const RANGES_MAX: usize = 16;

/// What one member has read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Read {
    /// Whether message `index + 1` is read. Those beyond the end are not.
    flags: Vec<bool>,
    /// Whether the chat must say the same. Otherwise it may have dropped a range.
    pub exact: bool,
}

/// What all members have read.
#[derive(Clone, Debug, Default)]
pub struct Reading(BTreeMap<(RoomId, AccountId), Read>);

fn count(seq: Seq) -> usize {
    usize::try_from(seq).expect("there are not that many messages")
}

impl Read {
    fn up_to(last: Seq) -> Read {
        Read { flags: vec![true; count(last)], exact: true }
    }

    fn of(mark: &ReadMark, last: Seq) -> Read {
        Read { flags: (1..=last).map(|seq| mark.contains(seq)).collect(), exact: true }
    }

    pub fn contains(&self, seq: Seq) -> bool {
        seq > 0 && self.flags.get(count(seq - 1)) == Some(&true)
    }

    /// The numbers that are not read.
    pub fn gaps(&self, last: Seq) -> impl Iterator<Item = Seq> {
        (1..=last).filter(|seq| !self.contains(*seq))
    }

    pub fn unread(&self, last: Seq) -> u64 {
        self.gaps(last).count() as u64
    }

    /// The number up to which everything is read.
    pub fn prefix(&self) -> Seq {
        self.flags.iter().take_while(|is_read| **is_read).count() as Seq
    }

    /// As the chat writes it down.
    pub fn as_mark(&self) -> ReadMark {
        let mut mark = ReadMark::default();
        for seq in (1..=self.flags.len() as Seq).filter(|seq| self.contains(*seq)) {
            mark.mark(seq, seq);
        }
        mark
    }

    /// Marks ranges in some order. What the chat must say is exact if it may keep all of them in any order.
    pub fn mark_all(&mut self, mut ranges: Vec<(Seq, Seq)>) {
        ranges.sort_unstable();
        ranges.dedup_by(|next, first| {
            let is_adjacent = next.0 <= first.1 + 1;
            first.1 = if is_adjacent { first.1.max(next.1) } else { first.1 };
            is_adjacent
        });
        self.exact &= self.starts() + ranges.len() <= RANGES_MAX;
        ranges.into_iter().for_each(|(from, to)| self.mark(from, to));
    }

    fn mark(&mut self, from: Seq, to: Seq) {
        if self.flags.len() < count(to) {
            self.flags.resize(count(to), false);
        }
        self.flags[count(from.max(1) - 1)..count(to)].fill(true);
        self.exact &= self.starts() <= RANGES_MAX;
    }

    /// How many ranges are above the unbroken part.
    fn starts(&self) -> usize {
        self.flags.windows(2).filter(|pair| *pair == [false, true]).count()
    }
}

impl Reading {
    pub fn of(&self, room: RoomId, account: AccountId) -> &Read {
        &self.0[&(room, account)]
    }

    pub fn join(&mut self, room: RoomId, account: AccountId, last: Seq) {
        self.0.insert((room, account), Read::up_to(last));
    }

    pub fn leave(&mut self, room: RoomId, account: AccountId) {
        self.0.remove(&(room, account));
    }

    pub fn forget(&mut self, room: RoomId) {
        self.0.retain(|(other, _), _| *other != room);
    }

    /// Marks messages as read, if the account is still a member. Whether that changed anything.
    pub fn mark(&mut self, room: RoomId, account: AccountId, from: Seq, to: Seq) -> bool {
        let Some(read) = self.0.get_mut(&(room, account)) else { return false };
        let before = read.clone();
        read.mark(from, to);
        read.flags != before.flags
    }

    /// Sets the position, backwards too. Whether that changed anything.
    pub fn set(&mut self, room: RoomId, account: AccountId, up_to: Seq) -> bool {
        let read = self.0.get_mut(&(room, account)).expect("it is a member");
        let before = read.clone();
        if up_to < read.prefix() && read.exact {
            read.flags.truncate(count(up_to));
        }
        if up_to > 0 {
            read.mark(1, up_to);
        }
        read.flags != before.flags
    }

    /// That a mark which is stored is right.
    pub fn check(&self, room: RoomId, account: AccountId, mark: &ReadMark) {
        let read = self.of(room, account);
        let last = read.flags.len() as Seq;
        let is_more = |seq: &Seq| mark.contains(*seq) && !read.contains(*seq);
        let is_less = |seq: &Seq| read.exact && read.contains(*seq) && !mark.contains(*seq);
        let more: Vec<Seq> = (1..=last + 1).filter(is_more).collect();
        let less: Vec<Seq> = (1..=last).filter(is_less).collect();
        assert!(more.is_empty(), "unread, but stored as read: {more:?} by {account} in room {room}");
        assert!(less.is_empty(), "read, but stored as unread: {less:?} by {account} in room {room}");
    }

    /// That everything is stored that an account has read: its last session has ended.
    pub fn check_stored(&self, store: &Store, account: AccountId) {
        let members = store.members.values().filter(|member| member.account == account);
        members.for_each(|member| self.check(member.room, account, &member.read));
    }

    /// After a kill nothing is read except what is stored.
    pub fn restart(&mut self, store: &Store) {
        for ((room, account), read) in &mut self.0 {
            let stored = &store.members[&(*room, *account)].read;
            let is_more = |seq: &Seq| stored.contains(*seq) && !read.contains(*seq);
            assert!(
                !(1..=store.rooms[room].last_seq).any(|seq| is_more(&seq)),
                "unread, but stored as read: {stored:?}"
            );
            *read = Read::of(stored, store.rooms[room].last_seq);
        }
    }

    /// Whether the chat must say the same of all members.
    pub fn is_exact(&self) -> bool {
        self.0.values().all(|read| read.exact)
    }
}
