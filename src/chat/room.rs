//! Rooms: their members, who of them is online, and the connections that listen to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{
    AccountId, ClientId, Code, MemberRow, Name, ReadMark, Role, RoomId, Seq, StoredBan, StoredRoom, Text, Timestamp,
    Visibility,
};

/// The kind of a room, with its name or its two members.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RoomKind {
    /// A room with a name.
    Named(Name, Visibility),
    /// Exactly two accounts, the lower number first.
    Direct(AccountId, AccountId),
}

/// One room.
#[derive(Debug)]
pub(super) struct Room {
    pub id: RoomId,
    pub kind: RoomKind,
    pub created: Timestamp,
    pub topic: Option<(Text, AccountId, Timestamp)>,
    /// The number of its newest message.
    pub last_seq: Seq,
    /// The newest message before the current turn. Later ones are not delivered yet.
    pub settled_seq: Seq,
    /// The value of `Chat::settled_turns` at that message.
    pub settled_turn: u64,
    pub members: BTreeMap<AccountId, Member>,
    pub invitations: BTreeMap<AccountId, Invitation>,
    pub bans: BTreeMap<AccountId, StoredBan>,
    /// One-time codes that have not been used or revoked; they may have expired.
    pub codes: BTreeSet<Code>,
    /// Its owner and its moderators, who are found without going through all members.
    leaders: BTreeMap<AccountId, Role>,
    /// Members with a connection.
    pub present: BTreeSet<AccountId>,
    /// The connections that listen to the room, each with the number after which it gets every message.
    listeners: BTreeMap<ClientId, Seq>,
    /// The keys of `listeners`, shared by the deliveries of successive messages; built when next needed.
    audience: Option<Arc<[ClientId]>>,
}

/// A membership.
#[derive(Debug)]
pub(super) struct Member {
    pub role: Role,
    pub since: Timestamp,
    /// The messages it has read.
    pub read: ReadMark,
    /// `read` has changed since it was stored. It is stored when a session ends, so that it costs one record per room and
    /// session, not one per message.
    pub moved: bool,
    /// Messages that name it, unless they were stored as read: ascending, at most [`MENTIONS_MAX`](super::MENTIONS_MAX).
    pub mentions: Vec<Seq>,
}

/// An open invitation.
#[derive(Debug)]
pub(super) struct Invitation {
    pub by: AccountId,
    pub until: Timestamp,
}

impl Member {
    pub fn new(role: Role, since: Timestamp, read: ReadMark) -> Member {
        Member { role, since, read, moved: false, mentions: Vec::new() }
    }

    /// Marks messages as read. Returns whether that changed anything.
    pub fn mark(&mut self, from: Seq, to: Seq) -> bool {
        let is_changed = self.read.mark(from, to);
        self.moved |= is_changed;
        is_changed
    }

    /// How many unread messages name it.
    pub fn unread_mentions(&self) -> u64 {
        // Mentions ascend, so each range is found by its ends: there may be many of them in each of many rooms.
        let between = |from, to| {
            self.mentions.partition_point(|seq| *seq <= to) - self.mentions.partition_point(|seq| *seq < from)
        };
        self.read.unread_ranges(Seq::MAX).map(|(from, to)| between(from, to) as u64).sum()
    }
}

impl StoredBan {
    /// Whether it is still in force.
    pub(super) fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Room {
    pub fn new(id: RoomId, kind: RoomKind, created: Timestamp) -> Room {
        Room {
            id,
            kind,
            created,
            topic: None,
            last_seq: 0,
            settled_seq: 0,
            settled_turn: 0,
            members: BTreeMap::new(),
            invitations: BTreeMap::new(),
            bans: BTreeMap::new(),
            codes: BTreeSet::new(),
            leaders: BTreeMap::new(),
            present: BTreeSet::new(),
            listeners: BTreeMap::new(),
            audience: None,
        }
    }

    pub fn visibility(&self) -> Option<Visibility> {
        match self.kind {
            RoomKind::Named(_, visibility) => Some(visibility),
            RoomKind::Direct(..) => None,
        }
    }

    pub fn is_public(&self) -> bool {
        self.visibility() == Some(Visibility::Public)
    }

    /// Whether it is in everybody's list of rooms: a public room that somebody is in.
    pub fn is_listed(&self) -> bool {
        self.is_public() && !self.members.is_empty()
    }

    /// Whether nobody could enter it or would find anything there if it had no members: a private room without an
    /// invitation, or a public one in which nothing was said.
    pub fn is_lost_without_members(&self) -> bool {
        match self.kind {
            RoomKind::Named(_, Visibility::Private) => self.invitations.is_empty() && self.codes.is_empty(),
            RoomKind::Named(_, Visibility::Public) => self.last_seq == 0,
            RoomKind::Direct(..) => false,
        }
    }

    pub fn is_direct(&self) -> bool {
        matches!(self.kind, RoomKind::Direct(..))
    }

    pub fn name(&self) -> Option<&Name> {
        match &self.kind {
            RoomKind::Named(name, _) => Some(name),
            RoomKind::Direct(..) => None,
        }
    }

    pub fn role(&self, account: AccountId) -> Option<Role> {
        self.members.get(&account).map(|member| member.role)
    }

    pub fn owner(&self) -> Option<AccountId> {
        self.leaders.iter().find(|(_, role)| **role == Role::Owner).map(|(id, _)| *id)
    }

    pub fn moderators(&self) -> impl Iterator<Item = AccountId> {
        self.leaders.iter().filter(|(_, role)| **role == Role::Moderator).map(|(id, _)| *id)
    }

    pub fn insert_member(&mut self, account: AccountId, member: Member) {
        self.note_role(account, Some(member.role));
        self.members.insert(account, member);
    }

    pub fn remove_member(&mut self, account: AccountId) -> Option<Member> {
        self.note_role(account, None);
        self.members.remove(&account)
    }

    /// Sets the role of a member. Returns its old role.
    pub fn set_role(&mut self, account: AccountId, role: Role) -> Role {
        self.note_role(account, Some(role));
        let member = self.members.get_mut(&account).expect("only members have roles");
        std::mem::replace(&mut member.role, role)
    }

    fn note_role(&mut self, account: AccountId, role: Option<Role>) {
        match role.filter(|role| *role > Role::Member) {
            Some(role) => _ = self.leaders.insert(account, role),
            None => _ = self.leaders.remove(&account),
        }
    }

    /// The number of messages that a member has not read.
    pub fn unread(&self, account: AccountId) -> u64 {
        self.members.get(&account).map_or(0, |member| member.read.unread(self.last_seq))
    }

    /// The ban of an account that is in force, if any.
    pub fn ban(&self, account: AccountId, now: Timestamp) -> Option<&StoredBan> {
        self.bans.get(&account).filter(|ban| ban.holds(now))
    }

    /// Whether an account has an invitation that has not expired.
    pub fn invites(&self, account: AccountId, now: Timestamp) -> bool {
        self.invitations.get(&account).is_some_and(|invitation| now < invitation.until)
    }

    /// The next owner of a room without one: its longest-standing moderator, or else its longest-standing member.
    pub fn heir(&self) -> Option<AccountId> {
        let since = |id: &AccountId| (self.members[id].since, *id);
        let moderator = self.moderators().min_by_key(since);
        moderator.or_else(|| self.members.iter().min_by_key(|(id, member)| (member.since, **id)).map(|(id, _)| *id))
    }

    /// A connection of a member listens to the room from now on.
    pub fn listen(&mut self, client: ClientId) {
        self.listeners.insert(client, self.last_seq);
        self.audience = None;
    }

    /// A connection no longer listens to the room. Returns the number after which it did.
    pub fn stop_listening(&mut self, client: ClientId) -> Option<Seq> {
        self.audience = None;
        self.listeners.remove(&client)
    }

    /// These connections listen to the room again, each since the given number.
    pub fn listen_as_before(&mut self, listeners: impl IntoIterator<Item = (ClientId, Seq)>) {
        self.listeners.extend(listeners);
        self.audience = None;
    }

    /// Removes the listeners for which `keep` is false.
    pub fn retain_listeners(&mut self, keep: impl Fn(ClientId) -> bool) {
        self.listeners.retain(|client, _| keep(*client));
        self.audience = None;
    }

    /// The number after which a connection gets every message; `None` if it does not listen to the room.
    pub fn listens_since(&self, client: ClientId) -> Option<Seq> {
        self.listeners.get(&client).copied()
    }

    /// Whether a connection listens to the room.
    pub fn listens(&self, client: ClientId) -> bool {
        self.listeners.contains_key(&client)
    }

    /// The connections that listen to the room.
    pub fn audience(&mut self) -> Arc<[ClientId]> {
        self.audience.get_or_insert_with(|| self.listeners.keys().copied().collect()).clone()
    }
}

/// All rooms.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    by_id: BTreeMap<RoomId, Room>,
    by_name: BTreeMap<String, Namesakes>,
    /// Public rooms that have members, by folded name: those that everybody can find.
    listed: BTreeMap<String, RoomId>,
    direct: BTreeMap<(AccountId, AccountId), RoomId>,
    codes: BTreeMap<Code, OpenCode>,
    /// Rooms deleted a moment ago. Their numbers are removed from their members' accounts in pieces, because a room may
    /// have very many.
    deleted: BTreeMap<RoomId, Room>,
    last_id: i64,
}

/// The rooms of one name. Several may share it, if at most one of them is public: otherwise somebody could find out that
/// a private room exists by trying to take its name. There may be very many, so nothing goes through all of them.
#[derive(Debug, Default)]
struct Namesakes {
    public: Option<RoomId>,
    private: BTreeSet<RoomId>,
}

/// A one-time code that has not been used.
#[derive(Debug)]
pub(super) struct OpenCode {
    pub room: RoomId,
    pub until: Timestamp,
}

/// The private rooms of a name that has none.
static NO_ROOMS: BTreeSet<RoomId> = BTreeSet::new();

impl Rooms {
    pub fn load(rows: Vec<StoredRoom>, members: &[MemberRow], last_id: i64) -> Rooms {
        let mut rooms = Rooms { last_id, ..Rooms::default() };
        let mut members = members.iter().peekable();
        for row in rows {
            let mut of_room = Vec::new();
            while let Some(member) = members.next_if(|member| member.room <= row.id) {
                of_room.push(member);
            }
            let kind = match (row.name, row.visibility) {
                (Some(name), Some(visibility)) => RoomKind::Named(name, visibility),
                _ => match of_room.as_slice() {
                    [one, other] => RoomKind::Direct(one.account, other.account),
                    _ => continue,
                },
            };
            let mut room = Room::new(row.id, kind, row.created);
            room.topic = row.topic;
            (room.last_seq, room.settled_seq) = (row.last_seq, row.last_seq);
            for member in of_room {
                let read = member.read.clamped(row.last_seq);
                room.insert_member(member.account, Member::new(member.role, member.since, read));
            }
            rooms.insert(room);
        }
        rooms
    }

    pub fn insert(&mut self, room: Room) {
        self.last_id = self.last_id.max(room.id.0);
        self.index(&room);
        self.by_id.insert(room.id, room);
    }

    /// Deletes a room with its codes. [`Rooms::restore`] takes that back until its members are forgotten.
    pub fn delete(&mut self, id: RoomId) -> Vec<(Code, OpenCode)> {
        let room = self.by_id.remove(&id).expect("only existing rooms are removed");
        self.unindex(&room);
        let codes = room.codes.iter().filter_map(|code| self.codes.remove_entry(code)).collect();
        self.deleted.insert(id, room);
        codes
    }

    /// Takes a deletion back.
    pub fn restore(&mut self, id: RoomId, codes: Vec<(Code, OpenCode)>) {
        let room = self.deleted.remove(&id).expect("it was deleted in this turn");
        self.insert(room);
        self.codes.extend(codes);
    }

    /// Forgets up to `most` members of deleted rooms. Returns them, each with its room.
    pub fn forget_members(&mut self, most: usize) -> Vec<(RoomId, AccountId)> {
        let mut forgotten = Vec::new();
        while forgotten.len() < most
            && let Some(mut entry) = self.deleted.first_entry()
        {
            match entry.get_mut().members.pop_first() {
                Some((account, _)) => forgotten.push((*entry.key(), account)),
                None => _ = entry.remove(),
            }
        }
        forgotten
    }

    /// Whether deleted rooms still have members to forget.
    pub fn has_deleted(&self) -> bool {
        !self.deleted.is_empty()
    }

    /// The rooms without members.
    pub fn empty(&self) -> impl Iterator<Item = RoomId> {
        self.by_id.values().filter(|room| room.members.is_empty()).map(|room| room.id)
    }

    /// Removes a room that could not be stored. Its number becomes free again.
    pub fn take_back(&mut self, id: RoomId) {
        let room = self.by_id.remove(&id).expect("it was created in this turn");
        self.unindex(&room);
        self.last_id = id.0 - 1;
    }

    /// Renames a room that is not a direct one. Returns its old name.
    pub fn rename(&mut self, id: RoomId, new: Name) -> Name {
        self.change_kind(id, |name, _| std::mem::replace(name, new))
    }

    /// Makes a room that is not a direct one public or private. Returns what it was.
    pub fn set_visibility(&mut self, id: RoomId, new: Visibility) -> Visibility {
        self.change_kind(id, |_, visibility| std::mem::replace(visibility, new))
    }

    fn change_kind<T>(&mut self, id: RoomId, change: impl FnOnce(&mut Name, &mut Visibility) -> T) -> T {
        let mut room = self.by_id.remove(&id).expect("the room exists");
        self.unindex(&room);
        let RoomKind::Named(name, visibility) = &mut room.kind else { unreachable!("a direct room has no name") };
        let old = change(name, visibility);
        self.insert(room);
        old
    }

    fn index(&mut self, room: &Room) {
        match &room.kind {
            RoomKind::Named(name, visibility) => {
                let namesakes = self.by_name.entry(name.folded()).or_default();
                match visibility {
                    Visibility::Public => namesakes.public = Some(room.id),
                    Visibility::Private => _ = namesakes.private.insert(room.id),
                }
                if room.is_listed() {
                    self.listed.insert(name.folded(), room.id);
                }
            }
            RoomKind::Direct(one, other) => _ = self.direct.insert((*one, *other), room.id),
        }
    }

    fn unindex(&mut self, room: &Room) {
        match &room.kind {
            RoomKind::Named(name, visibility) => {
                let folded = name.folded();
                let Some(namesakes) = self.by_name.get_mut(&folded) else { return };
                match visibility {
                    Visibility::Public => namesakes.public = None,
                    Visibility::Private => _ = namesakes.private.remove(&room.id),
                }
                if namesakes.public.is_none() && namesakes.private.is_empty() {
                    self.by_name.remove(&folded);
                }
                if room.is_public() {
                    self.listed.remove(&folded);
                }
            }
            RoomKind::Direct(one, other) => _ = self.direct.remove(&(*one, *other)),
        }
    }

    /// Adds a member to a room.
    pub fn insert_member(&mut self, id: RoomId, account: AccountId, member: Member) {
        let room = self.by_id.get_mut(&id).expect("the room exists");
        room.insert_member(account, member);
        // The first one.
        if room.members.len() == 1
            && let RoomKind::Named(name, Visibility::Public) = &room.kind
        {
            self.listed.insert(name.folded(), id);
        }
    }

    /// Removes a member from a room.
    pub fn remove_member(&mut self, id: RoomId, account: AccountId) -> Member {
        let room = self.by_id.get_mut(&id).expect("the room exists");
        let member = room.remove_member(account).expect("only members are removed");
        if room.members.is_empty()
            && let RoomKind::Named(name, Visibility::Public) = &room.kind
        {
            self.listed.remove(&name.folded());
        }
        member
    }

    pub fn next_id(&self) -> RoomId {
        RoomId(self.last_id + 1)
    }

    /// The room, which must exist: its number came from a lookup in this turn, or from somebody's current room.
    pub fn get(&self, id: RoomId) -> &Room {
        self.by_id.get(&id).expect("the room exists")
    }

    pub fn get_mut(&mut self, id: RoomId) -> &mut Room {
        self.by_id.get_mut(&id).expect("the room exists")
    }

    pub fn try_get(&self, id: RoomId) -> Option<&Room> {
        self.by_id.get(&id)
    }

    pub fn try_get_mut(&mut self, id: RoomId) -> Option<&mut Room> {
        self.by_id.get_mut(&id)
    }

    /// The public room of this name.
    pub fn public_named(&self, name: &Name) -> Option<&Room> {
        self.by_name.get(&name.folded()).and_then(|namesakes| namesakes.public).map(|id| self.get(id))
    }

    /// The private rooms of this name.
    pub fn private_named(&self, name: &Name) -> &BTreeSet<RoomId> {
        self.by_name.get(&name.folded()).map_or(&NO_ROOMS, |namesakes| &namesakes.private)
    }

    /// The public rooms that have members, in the order of their folded names.
    pub fn listed(&self) -> &BTreeMap<String, RoomId> {
        &self.listed
    }

    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = &Room> {
        self.by_id.values()
    }

    /// The direct room of two accounts.
    pub fn direct(&self, one: AccountId, other: AccountId) -> Option<RoomId> {
        self.direct.get(&(one.min(other), one.max(other))).copied()
    }

    pub fn code(&self, code: &Code) -> Option<&OpenCode> {
        self.codes.get(code)
    }

    /// Sets or removes a code. Returns its old value.
    pub fn put_code(&mut self, code: &Code, open: Option<OpenCode>) -> Option<OpenCode> {
        let room = open.as_ref().map(|open| open.room);
        let old = match open {
            Some(open) => self.codes.insert(code.clone(), open),
            None => self.codes.remove(code),
        };
        if let Some(room) = old.as_ref().and_then(|old| self.by_id.get_mut(&old.room)) {
            room.codes.remove(code);
        }
        if let Some(room) = room.and_then(|room| self.by_id.get_mut(&room)) {
            room.codes.insert(code.clone());
        }
        old
    }

    pub fn codes_of(&self, room: RoomId) -> impl Iterator<Item = (&Code, &OpenCode)> {
        self.get(room).codes.iter().filter_map(|code| self.codes.get_key_value(code))
    }
}

/// The members of both sets, ascending; in the time that the smaller one needs.
pub(super) fn in_both<'a, T: Ord>(one: &'a BTreeSet<T>, other: &'a BTreeSet<T>) -> impl Iterator<Item = &'a T> {
    let (fewer, more) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    fewer.iter().filter(|item| more.contains(item))
}
