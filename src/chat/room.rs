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
    /// Messages that name it, unless they were stored as read.
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
        self.mentions.iter().filter(|mention| !self.read.contains(**mention)).count() as u64
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
        self.members.iter().find(|(_, member)| member.role == Role::Owner).map(|(id, _)| *id)
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
        let rank = |(id, member): &(&AccountId, &Member)| (std::cmp::Reverse(member.role), member.since, **id);
        self.members.iter().min_by_key(rank).map(|(id, _)| *id)
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

/// All rooms except the deleted ones.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    by_id: BTreeMap<RoomId, Room>,
    /// Several rooms may have one name, if at most one of them is public: otherwise somebody could find out that a private
    /// room exists by trying to take its name.
    by_name: BTreeMap<String, BTreeSet<RoomId>>,
    direct: BTreeMap<(AccountId, AccountId), RoomId>,
    codes: BTreeMap<Code, OpenCode>,
    last_id: i64,
}

/// A one-time code that has not been used.
#[derive(Debug)]
pub(super) struct OpenCode {
    pub room: RoomId,
    pub until: Timestamp,
}

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
                room.members.insert(member.account, Member::new(member.role, member.since, read));
            }
            rooms.insert(room);
        }
        rooms
    }

    pub fn insert(&mut self, room: Room) {
        self.last_id = self.last_id.max(room.id.0);
        match &room.kind {
            RoomKind::Named(name, _) => {
                self.by_name.entry(name.folded()).or_default().insert(room.id);
            }
            RoomKind::Direct(one, other) => {
                self.direct.insert((*one, *other), room.id);
            }
        }
        self.by_id.insert(room.id, room);
    }

    /// Removes a room with its codes.
    pub fn remove(&mut self, id: RoomId) -> (Room, Vec<(Code, OpenCode)>) {
        let room = self.by_id.remove(&id).expect("only existing rooms are removed");
        match &room.kind {
            RoomKind::Named(name, _) => self.forget_name(&name.folded(), id),
            RoomKind::Direct(one, other) => drop(self.direct.remove(&(*one, *other))),
        }
        (room, self.codes.extract_if(.., |_, code| code.room == id).collect())
    }

    /// Removes a room that could not be stored. Its number becomes free again.
    pub fn take_back(&mut self, id: RoomId) {
        self.remove(id);
        self.last_id = id.0 - 1;
    }

    /// Renames a room that is not a direct one. Returns its old name.
    pub fn rename(&mut self, id: RoomId, new: Name) -> Name {
        let RoomKind::Named(name, _) = &mut self.get_mut(id).kind else { unreachable!("a direct room has no name") };
        let old = std::mem::replace(name, new.clone());
        self.forget_name(&old.folded(), id);
        self.by_name.entry(new.folded()).or_default().insert(id);
        old
    }

    fn forget_name(&mut self, folded: &str, id: RoomId) {
        if let Some(ids) = self.by_name.get_mut(folded) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_name.remove(folded);
            }
        }
    }

    pub fn next_id(&self) -> RoomId {
        RoomId(self.last_id + 1)
    }

    /// The room, which must exist: its number came from a membership, a session or a lookup in this turn.
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

    /// The rooms that have this name.
    pub fn named(&self, name: &Name) -> impl Iterator<Item = &Room> {
        self.by_name.get(&name.folded()).into_iter().flatten().map(|id| self.get(*id))
    }

    /// All rooms that have a name, in the order of their names.
    pub fn all_named(&self) -> impl Iterator<Item = &Room> {
        self.by_name.values().flatten().map(|id| self.get(*id))
    }

    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = &Room> {
        self.by_id.values()
    }

    /// Rooms whose names start with the first character of `name`.
    pub fn named_like(&self, name: &Name) -> impl Iterator<Item = &Room> {
        let first = name.folded().get(..1).unwrap_or_default().to_owned();
        let alike = self.by_name.range(first.clone()..).take_while(move |(other, _)| other.starts_with(&first));
        alike.flat_map(|(_, ids)| ids).map(|id| self.get(*id))
    }

    pub fn direct(&self, one: AccountId, other: AccountId) -> Option<RoomId> {
        self.direct.get(&(one.min(other), one.max(other))).copied()
    }

    pub fn code(&self, code: &Code) -> Option<&OpenCode> {
        self.codes.get(code)
    }

    /// Sets or removes a code. Returns its old value.
    pub fn put_code(&mut self, code: &Code, open: Option<OpenCode>) -> Option<OpenCode> {
        match open {
            Some(open) => self.codes.insert(code.clone(), open),
            None => self.codes.remove(code),
        }
    }

    pub fn codes_of(&self, room: RoomId) -> impl Iterator<Item = (&Code, &OpenCode)> {
        self.codes.iter().filter(move |(_, open)| open.room == room)
    }
}
