//! A store in memory, fed by records only. It does to plain tables what the statements in `sql/queries` do to the real ones,
//! refuses what the real one would refuse, and knows what no record may do, whoever wrote it. What the tables say of names,
//! roles and sight is searched for from end to end: no index, no cache.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use chat_server::address::Address;
use chat_server::chat::{
    AccountId, AccountRow, Code, FormerName, GENERAL, KeyedMessage, MemberRow, Name, Notice, Record, Registration,
    Role, RoomId, RoomKind, RoomLabel, SYSTEM, SendKey, Seq, ShownRoom, Snapshot, StoredBan, StoredRoom, StoredToken,
    Text, Timestamp, TokenDigest, Visibility,
};

/// The tables.
#[derive(Clone, Debug, Default)]
pub struct Store {
    pub accounts: BTreeMap<AccountId, AccountRow>,
    pub rooms: BTreeMap<RoomId, StoredRoom>,
    pub members: BTreeMap<(RoomId, AccountId), MemberRow>,
    /// Unread messages that name a member.
    pub mentions: BTreeSet<(RoomId, AccountId, Seq)>,
    pub invitations: BTreeMap<(RoomId, AccountId), (AccountId, Timestamp)>,
    pub codes: BTreeMap<Code, (RoomId, AccountId, Timestamp)>,
    pub bans: BTreeMap<(RoomId, AccountId), StoredBan>,
    pub account_bans: BTreeMap<AccountId, StoredBan>,
    pub address_bans: BTreeMap<Address, StoredBan>,
    pub tokens: BTreeMap<(AccountId, Name), StoredToken>,
    /// By folded name.
    pub former_names: BTreeMap<String, FormerName>,
    pub password_codes: BTreeMap<AccountId, (TokenDigest, Timestamp)>,
    pub notices: Vec<(AccountId, Timestamp, Notice)>,
    pub registration: Registration,
    pub registration_codes: BTreeMap<TokenDigest, (AccountId, Timestamp)>,
    pub last_room: i64,
    messages: BTreeMap<RoomId, Rc<Vec<Text>>>,
    /// Each key stands for one message of an author in a room.
    keys: BTreeMap<(AccountId, SendKey, RoomId), KeyedMessage>,
}

/// Whether a ban, or a token, is still valid.
pub fn holds(until: Option<Timestamp>, now: Timestamp) -> bool {
    until.is_none_or(|until| now < until)
}

impl Store {
    /// Stores all of `records`.
    pub fn commit(&mut self, records: &[Record]) {
        for record in records {
            self.apply(record);
        }
    }

    /// What the real store's `load` would give.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            accounts: self.accounts.values().cloned().collect(),
            rooms: self.rooms.values().cloned().collect(),
            members: self.members.values().cloned().collect(),
            mentions: self.mentions.iter().copied().collect(),
            invitations: self.invitations.iter().map(|(key, value)| (key.0, key.1, value.0, value.1)).collect(),
            tokens: self.tokens.values().cloned().collect(),
            codes: self.codes.iter().map(|(code, value)| (code.clone(), value.0, value.1, value.2)).collect(),
            bans: self.bans.iter().map(|(key, ban)| (key.0, key.1, ban.clone())).collect(),
            account_bans: self.account_bans.iter().map(|(account, ban)| (*account, ban.clone())).collect(),
            address_bans: self.address_bans.iter().map(|(address, ban)| (*address, ban.clone())).collect(),
            former_names: self.former_names.values().cloned().collect(),
            password_codes: self.password_codes.iter().map(|(account, code)| (*account, code.0, code.1)).collect(),
            notices: self.notices.clone(),
            registration: self.registration,
            registration_codes: self.registration_codes.iter().map(|(code, it)| (*code, it.0, it.1)).collect(),
            last_room: self.last_room,
        }
    }

    /// What was said in a room, from number 1 on.
    pub fn messages(&self, room: RoomId) -> &[Text] {
        self.messages.get(&room).map_or(&[], |messages| messages.as_slice())
    }

    /// What an account has said under a key, as the real store's `keyed` gives it, room by room.
    pub fn keyed(&self, account: AccountId, key: &SendKey) -> Vec<KeyedMessage> {
        let found = self.keys.iter().filter(|((author, said, _), _)| *author == account && said == key);
        found.map(|(_, message)| *message).collect()
    }

    /// Every account with a key that it has used.
    pub fn keys(&self) -> BTreeSet<(AccountId, SendKey)> {
        self.keys.keys().map(|(author, key, _)| (*author, key.clone())).collect()
    }

    /// What an account is called, unless it is deleted.
    pub fn name(&self, account: AccountId) -> Option<&Name> {
        self.accounts.get(&account)?.name.as_ref()
    }

    /// What an account is called even when it is deleted.
    pub fn person(&self, account: AccountId) -> Name {
        let ghost = || Name::parse(&format!("ghost-{account}")).unwrap();
        self.name(account).cloned().unwrap_or_else(ghost)
    }

    /// The account of that name. The server's own is nobody's to find.
    pub fn named(&self, name: &Name) -> Option<AccountId> {
        let is_it = |account: &&AccountRow| account.id != SYSTEM && account.name.as_ref() == Some(name);
        self.accounts.values().find(is_it).map(|account| account.id)
    }

    /// The accounts that are not deleted.
    pub fn living(&self) -> impl Iterator<Item = &AccountRow> {
        self.accounts.values().filter(|account| account.name.is_some() && account.id != SYSTEM)
    }

    pub fn is_operator(&self, account: AccountId) -> bool {
        self.accounts[&account].operator
    }

    pub fn has_room(&self, id: RoomId) -> bool {
        self.rooms.contains_key(&id)
    }

    pub fn is_public(&self, room: RoomId) -> bool {
        self.rooms.get(&room).is_some_and(|room| room.visibility == Some(Visibility::Public))
    }

    pub fn is_direct(&self, room: RoomId) -> bool {
        self.rooms.get(&room).is_some_and(|room| room.name.is_none())
    }

    pub fn is_member(&self, room: RoomId, account: AccountId) -> bool {
        self.members.contains_key(&(room, account))
    }

    pub fn members_of(&self, room: RoomId) -> impl Iterator<Item = &MemberRow> {
        self.members.range((room, AccountId(0))..).take_while(move |((id, _), _)| *id == room).map(|(_, member)| member)
    }

    pub fn rooms_of(&self, account: AccountId) -> impl Iterator<Item = &StoredRoom> {
        self.rooms.values().filter(move |room| self.is_member(room.id, account))
    }

    pub fn share_a_room(&self, one: AccountId, other: AccountId) -> bool {
        self.rooms_of(one).any(|room| self.is_member(room.id, other))
    }

    pub fn role(&self, room: RoomId, account: AccountId) -> Option<Role> {
        self.members.get(&(room, account)).map(|member| member.role)
    }

    /// What an account may do in a room. An operator is at least a moderator in public rooms, and owns the first.
    pub fn rank(&self, room: RoomId, account: AccountId) -> Option<Role> {
        let counts_as = if room == GENERAL { Role::Owner } else { Role::Moderator };
        let by_office = Some(counts_as).filter(|_| self.is_operator(account) && self.is_public(room));
        self.role(room, account).max(by_office)
    }

    /// The other member of a direct room.
    pub fn partner(&self, room: RoomId, account: AccountId) -> Option<AccountId> {
        let mut others = self.members_of(room).map(|member| member.account).filter(|other| *other != account);
        others.next().filter(|_| self.is_direct(room))
    }

    pub fn is_banned(&self, room: RoomId, account: AccountId, now: Timestamp) -> bool {
        self.bans.get(&(room, account)).is_some_and(|ban| holds(ban.until, now))
    }

    /// The invitations to rooms of a name: the room, the invited account, who invited it, and until when.
    pub fn invitations_to(&self, name: &Name) -> impl Iterator<Item = (RoomId, AccountId, AccountId, Timestamp)> {
        let of_name = move |room: &RoomId| self.rooms[room].name.as_ref() == Some(name);
        let invitations = self.invitations.iter().filter(move |((room, _), _)| of_name(room));
        invitations.map(|((room, invited), (by, until))| (*room, *invited, *by, *until))
    }

    pub fn is_invited(&self, room: RoomId, account: AccountId, now: Timestamp) -> bool {
        self.invitations.get(&(room, account)).is_some_and(|(_, until)| now < *until)
    }

    /// Whether an account may know of a room: its members may, and of a public one whoever is not banned from it.
    pub fn can_see(&self, account: AccountId, room: RoomId, now: Timestamp) -> bool {
        self.is_member(room, account) || (self.is_public(room) && !self.is_banned(room, account, now))
    }

    /// The room as an account is shown it.
    pub fn shown(&self, id: RoomId, viewer: AccountId) -> ShownRoom {
        ShownRoom { id, label: self.label(id, viewer) }
    }

    /// The room as an account refers to it.
    pub fn label(&self, room: RoomId, viewer: AccountId) -> RoomLabel {
        match &self.rooms[&room].name {
            Some(name) => RoomLabel::Room(name.clone()),
            None => RoomLabel::Direct(self.person(self.partner(room, viewer).expect("two are in a direct room"))),
        }
    }

    /// The room that an account means by a label, of those that it may know of: its own rooms first.
    pub fn find(&self, account: AccountId, label: &RoomLabel, now: Timestamp) -> Option<RoomId> {
        let is_meant = |room: &&StoredRoom| match label {
            RoomLabel::Room(name) => room.name.as_ref() == Some(name) && self.can_see(account, room.id, now),
            RoomLabel::Direct(name) => self
                .partner(room.id, account)
                .is_some_and(|partner| self.is_member(room.id, account) && self.person(partner) == *name),
            RoomLabel::Number(id) => room.id == *id && self.can_see(account, room.id, now),
        };
        let rooms = self.rooms.values().filter(is_meant).map(|room| room.id);
        rooms.min_by_key(|room| (!self.is_member(*room, account), *room))
    }

    /// The members of a room whom a text names: no letter or digit touches their name. From left to right; where several
    /// names begin at one place, it is the longest.
    pub fn named_in(&self, room: RoomId, text: &Text) -> BTreeSet<AccountId> {
        let members = self.members_of(room).map(|member| member.account).filter(|account| *account != SYSTEM);
        let names: Vec<_> = members.filter_map(|account| Some((self.name(account)?.folded(), account))).collect();
        let (text, mut found) = (text.as_str().to_ascii_lowercase(), BTreeSet::new());
        let (mut rest, mut before) = (text.as_str(), ' ');
        while let Some(first) = rest.chars().next() {
            let is_named = |name: &&(String, AccountId)| {
                let after = rest.strip_prefix(name.0.as_str()).map(|after| after.chars().next().unwrap_or(' '));
                !before.is_alphanumeric() && after.is_some_and(|after| !after.is_alphanumeric())
            };
            let longest = names.iter().filter(is_named).max_by_key(|(name, _)| name.len());
            found.extend(longest.map(|(_, account)| *account));
            let (past, left) = rest.split_at(longest.map_or(first.len_utf8(), |(name, _)| name.len()));
            (rest, before) = (left, past.chars().next_back().unwrap_or(' '));
        }
        found
    }

    /// How many messages that name a member are unread, of those that `is_unread`.
    pub fn mentions_of(&self, room: RoomId, account: AccountId, is_unread: impl Fn(Seq) -> bool) -> u64 {
        let all = self.mentions.range((room, account, 0)..=(room, account, Seq::MAX));
        all.filter(|(.., seq)| is_unread(*seq)).count() as u64
    }

    /// When invitations, bans and tokens end, except for those that practically never do.
    pub fn ends(&self) -> Vec<Timestamp> {
        let bans = self.bans.values().chain(self.account_bans.values()).chain(self.address_bans.values());
        let ends = bans.filter_map(|ban| ban.until).chain(self.tokens.values().filter_map(|token| token.until));
        let invitations = self.invitations.values().map(|(_, until)| *until);
        let codes = self.codes.values().map(|(.., until)| *until);
        ends.chain(invitations).chain(codes).filter(|end| end.0 < i64::MAX).collect()
    }

    /// What holds between turns, whatever happened.
    pub fn check(&self) {
        let (mut public, mut known) = (BTreeSet::new(), BTreeSet::new());
        for room in self.rooms.values() {
            let members: Vec<&MemberRow> = self.members_of(room.id).collect();
            let owners = members.iter().filter(|member| member.role == Role::Owner).count();
            let expected = usize::from(room.name.is_some() && room.id != GENERAL && !members.is_empty());
            assert_eq!(owners, expected, "owners of {room:?}");
            let is_said = |member: &&MemberRow| member.read.clamped(room.last_seq) == member.read;
            assert!(members.iter().all(is_said), "read what was never said in {room:?}");
            assert_eq!(self.messages(room.id).len() as u64, room.last_seq, "a gap in {room:?}");
            if room.name.is_none() {
                assert_eq!(members.len(), 2, "{room:?}");
            }
            for name in room.name.iter().flat_map(|name| members.iter().map(move |member| (member.account, name))) {
                assert!(known.insert(name), "a member of two rooms of one name: {name:?}");
            }
            if room.visibility == Some(Visibility::Public) {
                let name = room.name.as_ref().expect("only rooms with names are public");
                assert!(public.insert(name.folded()), "two public rooms are called {name}");
            }
        }
        for (room, account, seq) in &self.mentions {
            let member = self.members.get(&(*room, *account)).expect("only members are named");
            assert!(
                !member.read.contains(*seq) && *seq <= self.rooms[room].last_seq,
                "a mention that was read: {member:?} {seq}"
            );
        }
        for (room, account) in self.invitations.keys() {
            assert!(!self.is_member(*room, *account), "{account} can use its invitation to room {room} again");
        }
        for token in self.tokens.values() {
            let owner = &self.accounts[&token.account];
            assert!(owner.name.is_some(), "a token of a deleted account: {token:?}");
        }
    }

    fn account(&mut self, id: AccountId) -> &mut AccountRow {
        self.accounts.get_mut(&id).expect("the record is about an account that is stored")
    }

    fn room(&mut self, id: RoomId) -> &mut StoredRoom {
        self.rooms.get_mut(&id).expect("the record is about a room that is stored")
    }

    fn member(&mut self, room: RoomId, account: AccountId) -> &mut MemberRow {
        self.members.get_mut(&(room, account)).expect("the record is about a member that is stored")
    }

    pub fn apply(&mut self, record: &Record) {
        match record.clone() {
            Record::AccountCreated { id, name, hash: _, at } => {
                let skeleton = name.skeleton();
                let is_alike = |account: &AccountRow| account.name.as_ref().is_some_and(|it| it.skeleton() == skeleton);
                assert!(!self.accounts.values().any(is_alike), "two accounts are called {name}");
                let is_reserved = |former: &FormerName| !former.freed && former.name.skeleton() == skeleton;
                assert!(!self.former_names.values().any(is_reserved), "{name} was somebody's");
                self.former_names.remove(&name.folded());
                let account = AccountRow {
                    id,
                    name: Some(name),
                    password_version: 1,
                    created: at,
                    last_seen: None,
                    away: None,
                    operator: false,
                    acks: false,
                };
                assert_eq!(self.accounts.insert(id, account), None, "the number of an account is given twice");
            }
            Record::PasswordSet { id, hash: _, version } => {
                let account = self.account(id);
                assert_eq!(version, account.password_version + 1);
                account.password_version = version;
            }
            Record::AccountDeleted { id, at: _ } => {
                let account = self.account(id);
                let name = account.name.clone().expect("only living accounts are deleted");
                self.former_names.insert(name.folded(), FormerName { name, account: id, freed: false });
                self.password_codes.remove(&id);
                self.notices.retain(|(of, ..)| *of != id);
                let account = self.account(id);
                (account.name, account.away) = (None, None);
                account.operator = false;
                assert!(!self.tokens.keys().any(|(owner, _)| *owner == id), "{id} is deleted and has tokens");
            }
            Record::AwaySet { id, text } => self.account(id).away = text,
            Record::AcksSet { id, on } => self.account(id).acks = on,
            Record::OperatorSet { id, on } => self.account(id).operator = on,
            Record::Seen { id, at } => self.account(id).last_seen = Some(at),
            Record::NameFreed { name } => {
                let former = self.former_names.get_mut(&name.folded()).expect("only reserved names are freed");
                assert!(!former.freed, "{name} is freed twice");
                former.freed = true;
            }
            Record::PasswordCodeMade { account, digest, until } => {
                assert!(self.account(account).name.is_some(), "a code for a deleted account");
                self.password_codes.insert(account, (digest, until));
            }
            Record::PasswordCodeRemoved { account } => {
                self.password_codes.remove(&account).expect("only stored codes are removed");
            }
            Record::NoticeLeft { account, at, notice } => {
                assert!(self.account(account).name.is_some(), "a notice for a deleted account");
                self.notices.push((account, at, notice));
            }
            Record::NoticesShown { account } => self.notices.retain(|(of, ..)| *of != account),
            Record::RegistrationSet { registration } => self.registration = registration,
            Record::RegistrationCodeMade { digest, by, until } => {
                assert_eq!(self.registration_codes.insert(digest, (by, until)), None, "a code twice");
            }
            Record::RegistrationCodeRemoved { digest } => {
                self.registration_codes.remove(&digest).expect("only stored codes are removed");
            }

            Record::TokenCreated { account, name, digest, scope, at, until } => {
                assert!(self.account(account).name.is_some(), "a token for a deleted account");
                let token = StoredToken { account, name: name.clone(), digest, scope, created: at, until, used: None };
                assert_eq!(self.tokens.insert((account, name), token), None, "a token twice");
            }
            Record::TokenUsed { account, name, at } => {
                let token = self.tokens.get_mut(&(account, name)).expect("only stored tokens are used");
                assert!(token.until.is_none_or(|until| at < until), "used when it was over: {token:?}");
                assert!(token.used < Some(at), "used earlier than it was: {token:?}");
                token.used = Some(at);
            }
            Record::TokenRemoved { account, name } => {
                self.tokens.remove(&(account, name)).expect("only stored tokens are removed");
            }

            Record::RoomCreated { id, kind, at } => {
                assert!(id.0 > self.last_room, "the number of a room is given twice");
                let (name, visibility) = match kind {
                    RoomKind::Named(name, visibility) => (Some(name), Some(visibility)),
                    RoomKind::Direct(..) => (None, None),
                };
                self.last_room = id.0;
                let room = StoredRoom { id, name, visibility, created: at, topic: None, last_seq: 0 };
                self.rooms.insert(id, room);
            }
            Record::RoomRenamed { id, name } => self.room(id).name = Some(name),
            Record::VisibilitySet { id, visibility } => self.room(id).visibility = Some(visibility),
            Record::TopicSet { id, topic } => self.room(id).topic = topic,
            Record::RoomDeleted { id } => {
                self.rooms.remove(&id).expect("only stored rooms are deleted");
                self.messages.remove(&id);
                self.keys.retain(|(.., room), _| *room != id);
                self.members.retain(|(room, _), _| *room != id);
                self.mentions.retain(|(room, ..)| *room != id);
                self.invitations.retain(|(room, _), _| *room != id);
                self.codes.retain(|_, (room, ..)| *room != id);
                self.bans.retain(|(room, _), _| *room != id);
            }

            Record::MemberAdded { room, account, role, since, read } => {
                self.account(account);
                let last = self.room(room).last_seq;
                assert_eq!(read.clamped(last), read, "read what was never said");
                let ban = self.bans.get(&(room, account));
                let kept_out = ban.is_some_and(|ban| ban.until.is_none_or(|until| since < until));
                assert!(!kept_out, "{account} enters room {room} from which it is banned");
                let member = MemberRow { room, account, role, since, read };
                assert_eq!(self.members.insert((room, account), member), None, "a member twice");
            }
            Record::MemberRemoved { room, account } => {
                self.members.remove(&(room, account)).expect("only stored members are removed");
                self.mentions.retain(|(in_room, of, _)| (*in_room, *of) != (room, account));
            }
            Record::RoleSet { room, account, role } => self.member(room, account).role = role,
            Record::ReadSet { room, account, read } => {
                let last = self.room(room).last_seq;
                let member = self.member(room, account);
                assert_eq!(read.clamped(last), read, "{member:?} would have read more than {last}");
                member.read = read.clone();
                self.mentions.retain(|(in_room, of, seq)| (*in_room, *of) != (room, account) || !read.contains(*seq));
            }

            Record::MessageSaid { room, seq, at, author, kind: _, program: _, text, key } => {
                let last = &mut self.room(room).last_seq;
                *last += 1;
                assert_eq!(seq, *last, "the numbers of room {room} have a gap");
                let speaks = author == SYSTEM || self.members.contains_key(&(room, author));
                assert!(speaks, "{author} speaks in room {room} without being a member");
                Rc::make_mut(self.messages.entry(room).or_default()).push(text);
                if let Some(key) = key {
                    let message = KeyedMessage { room, seq, at };
                    let before = self.keys.insert((author, key, room), message);
                    assert_eq!(before, None, "{author} said twice in room {room} what it sent under one key");
                }
            }
            Record::Mentioned { room, seq, account } => {
                self.member(room, account);
                self.mentions.insert((room, account, seq));
            }

            Record::InvitationCreated { room, account, by, until } => {
                self.room(room);
                self.account(account);
                self.invitations.insert((room, account), (by, until));
            }
            Record::InvitationRemoved { room, account } => {
                self.invitations.remove(&(room, account)).expect("only stored invitations are removed");
            }
            Record::CodeCreated { room, code, by, until } => {
                self.room(room);
                assert_eq!(self.codes.insert(code, (room, by, until)), None, "a code twice");
            }
            Record::CodeRemoved { code } => {
                self.codes.remove(&code).expect("only stored codes are removed");
            }

            Record::BanCreated { room, account, by, at, until, why } => {
                self.room(room);
                self.account(account);
                self.bans.insert((room, account), StoredBan { by, at, until, why });
            }
            Record::BanRemoved { room, account } => {
                self.bans.remove(&(room, account)).expect("only stored bans are removed");
            }
            Record::AccountBanCreated { account, by, at, until, why } => {
                self.account(account);
                self.account_bans.insert(account, StoredBan { by, at, until, why });
            }
            Record::AccountBanRemoved { account } => {
                self.account_bans.remove(&account).expect("only stored bans are removed");
            }
            Record::AddressBanCreated { address, by, at, until, why } => {
                self.address_bans.insert(address, StoredBan { by, at, until, why });
            }
            Record::AddressBanRemoved { address } => {
                self.address_bans.remove(&address).expect("only stored bans are removed");
            }
        }
    }
}
