//! Rooms: what there is to talk in, who is a member, and who is there now.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::{
    AccountId, ClientId, Code, MemberRow, Name, Role, RoomId, Seq, StoredBan, StoredRoom, Text, Timestamp, Visibility,
};

/// What kind of room it is, with the name that the kind has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum RoomKind {
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
    /// When messages came lately, to the second: a moment, and the newest number before it.
    lately: VecDeque<(Timestamp, Seq)>,
    pub members: BTreeMap<AccountId, Member>,
    pub invitations: BTreeMap<AccountId, Invitation>,
    pub bans: BTreeMap<AccountId, StoredBan>,
    /// Members with a connection.
    pub present: BTreeSet<AccountId>,
    /// The connections of those to which what is said is delivered.
    listeners: BTreeSet<ClientId>,
    /// `listeners` as the deliveries of one message after the other share them; made when next needed.
    audience: Option<Arc<[ClientId]>>,
}

/// A membership.
#[derive(Debug)]
pub(super) struct Member {
    pub role: Role,
    pub since: Timestamp,
    /// Up to which number it has read, as stored. Does not move while it `follows`.
    pub read: Seq,
    /// Nothing unread, and a connection that hears the room: what is delivered counts as read, up to the newest message.
    /// When the last such connection ends, `read` is brought up to date and stored: one record a room and session, not one
    /// a message.
    pub follows: bool,
    /// Unread messages that name it.
    pub mentions: Vec<Seq>,
}

/// An open invitation.
#[derive(Debug)]
pub(super) struct Invitation {
    pub by: AccountId,
    pub until: Timestamp,
}

impl Member {
    pub fn new(role: Role, since: Timestamp, read: Seq) -> Member {
        Member { role, since, read, follows: false, mentions: Vec::new() }
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
            lately: VecDeque::new(),
            members: BTreeMap::new(),
            invitations: BTreeMap::new(),
            bans: BTreeMap::new(),
            present: BTreeSet::new(),
            listeners: BTreeSet::new(),
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

    /// The number of a new message. How `lately` looks back is up to the caller: so many seconds.
    pub fn next_seq(&mut self, now: Timestamp, look_back_s: u64) -> Seq {
        while self.lately.front().is_some_and(|(at, _)| at.plus_seconds(look_back_s) < now) {
            self.lately.pop_front();
        }
        // The clock was set back: what seems to be of the future is taken for now, which errs on the side of unread.
        let mut before = self.last_seq;
        while let Some((_, seq)) = self.lately.pop_back_if(|(at, _)| *at > now) {
            before = seq;
        }
        if self.lately.back().is_none_or(|(at, _)| at.0 / 1000 != now.0 / 1000) {
            self.lately.push_back((now, before));
        }
        self.last_seq += 1;
        self.last_seq
    }

    /// The newest number before a moment, as far back as is remembered. To the second, rather earlier than later.
    pub fn last_before(&self, at: Timestamp) -> Seq {
        let later = self.lately.iter().find(|(moment, _)| moment.0 / 1000 >= at.0 / 1000);
        later.map_or(self.last_seq, |(_, seq)| *seq)
    }

    /// How many messages a member has not read.
    pub fn unread(&self, account: AccountId) -> u64 {
        match self.members.get(&account) {
            Some(member) if !member.follows => self.last_seq - member.read,
            _ => 0,
        }
    }

    /// The ban that keeps an account out now, if any.
    pub fn ban(&self, account: AccountId, now: Timestamp) -> Option<&StoredBan> {
        self.bans.get(&account).filter(|ban| ban.holds(now))
    }

    /// Whether an account has an invitation that still holds.
    pub fn invites(&self, account: AccountId, now: Timestamp) -> bool {
        self.invitations.get(&account).is_some_and(|invitation| now < invitation.until)
    }

    /// Who becomes the owner when there is none: the moderator who has been a member for longest, else the member who has.
    pub fn heir(&self) -> Option<AccountId> {
        let rank = |(id, member): &(&AccountId, &Member)| (std::cmp::Reverse(member.role), member.since, **id);
        self.members.iter().min_by_key(rank).map(|(id, _)| *id)
    }

    /// What is said is delivered to this connection of a member.
    pub fn listen(&mut self, client: ClientId) {
        self.listeners.insert(client);
        self.audience = None;
    }

    /// Nothing is delivered to this connection any more.
    pub fn stop_listening(&mut self, client: ClientId) {
        self.listeners.remove(&client);
        self.audience = None;
    }

    /// Whether what is said is delivered to this connection.
    pub fn listens(&self, client: ClientId) -> bool {
        self.listeners.contains(&client)
    }

    /// Whether what is said is delivered to one of these connections.
    pub fn is_heard(&self, clients: &[ClientId]) -> bool {
        clients.iter().any(|client| self.listens(*client))
    }

    /// The connections to which what is said is delivered.
    pub fn audience(&mut self) -> Arc<[ClientId]> {
        self.audience.get_or_insert_with(|| self.listeners.iter().copied().collect()).clone()
    }
}

/// All rooms but the deleted ones.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    by_id: BTreeMap<RoomId, Room>,
    /// Several rooms may have one name, if all but one of them are private: else the name of a private room could be
    /// found out by trying to take it.
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
            room.last_seq = row.last_seq;
            for member in of_room {
                let read = member.read.read_up_to().min(row.last_seq);
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

    pub fn remove(&mut self, id: RoomId) {
        let room = self.by_id.remove(&id).expect("only existing rooms are removed");
        if let RoomKind::Named(name, _) = &room.kind {
            self.forget_name(&name.folded(), id);
        }
        self.codes.retain(|_, code| code.room != id);
    }

    pub fn rename(&mut self, id: RoomId, new: Name) {
        let room = self.get_mut(id);
        if let RoomKind::Named(name, _) = &mut room.kind {
            let old = std::mem::replace(name, new.clone()).folded();
            self.forget_name(&old, id);
            self.by_name.entry(new.folded()).or_default().insert(id);
        }
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

    /// The room, which must exist: its number came from a membership, a session or a search just now.
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

    /// When messages came lately, as far as this state has them, from the state that it replaces.
    pub fn remember_lately(&mut self, old: &Rooms) {
        for room in self.by_id.values_mut() {
            if let Some(old) = old.try_get(room.id) {
                room.lately = old.lately.iter().filter(|(_, seq)| *seq < room.last_seq).copied().collect();
            }
        }
    }

    /// The rooms that have this name.
    pub fn named(&self, name: &Name) -> impl Iterator<Item = &Room> {
        self.by_name.get(&name.folded()).into_iter().flatten().map(|id| self.get(*id))
    }

    /// All rooms that have a name, in the order of their names.
    pub fn all_named(&self) -> impl Iterator<Item = &Room> {
        self.by_name.values().flatten().map(|id| self.get(*id))
    }

    /// Rooms whose names start like `name`.
    pub fn named_like(&self, name: &Name) -> impl Iterator<Item = &Room> {
        let first = name.folded().get(..1).unwrap_or_default().to_owned();
        let alike = self.by_name.range(first.clone()..).take_while(move |(other, _)| other.starts_with(&first));
        alike.flat_map(|(_, ids)| ids).map(|id| self.get(*id))
    }

    pub fn direct(&self, one: AccountId, other: AccountId) -> Option<RoomId> {
        self.direct.get(&(one.min(other), one.max(other))).copied()
    }

    pub fn add_code(&mut self, code: Code, open: OpenCode) {
        self.codes.insert(code, open);
    }

    pub fn code(&self, code: &Code) -> Option<&OpenCode> {
        self.codes.get(code)
    }

    pub fn remove_code(&mut self, code: &Code) -> Option<OpenCode> {
        self.codes.remove(code)
    }

    pub fn codes_of(&self, room: RoomId) -> impl Iterator<Item = (&Code, &OpenCode)> {
        self.codes.iter().filter(move |(_, open)| open.room == room)
    }
}
