//! A store in memory, which does to plain tables what the statements in `sql/queries` do to the real ones, and refuses
//! what the real one would refuse. It also knows what no record may do, whoever wrote it.

use std::collections::{BTreeMap, BTreeSet};

use chat_server::address::Address;
use chat_server::chat::{
    AccountId, AccountRow, Code, GENERAL, KeyedMessage, MemberRow, Name, Record, Role, RoomId, SYSTEM, SendKey, Seq,
    Snapshot, StoredBan, StoredRoom, StoredToken, Text, Timestamp, Visibility,
};

/// The tables.
#[derive(Clone, Debug, Default)]
pub struct Store {
    accounts: BTreeMap<AccountId, AccountRow>,
    rooms: BTreeMap<RoomId, StoredRoom>,
    members: BTreeMap<(RoomId, AccountId), MemberRow>,
    mentions: BTreeSet<(RoomId, AccountId, Seq)>,
    invitations: BTreeMap<(RoomId, AccountId), (AccountId, Timestamp)>,
    codes: BTreeMap<Code, (RoomId, AccountId, Timestamp)>,
    bans: BTreeMap<(RoomId, AccountId), StoredBan>,
    account_bans: BTreeMap<AccountId, StoredBan>,
    address_bans: BTreeMap<Address, StoredBan>,
    last_room: i64,
    messages: BTreeMap<RoomId, Vec<Text>>,
    /// Each key stands for one message of an author in a room.
    keys: BTreeMap<(AccountId, SendKey, RoomId), KeyedMessage>,
    tokens: BTreeMap<(AccountId, Name), StoredToken>,
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
            last_room: self.last_room,
        }
    }

    /// What was said in a room, from number 1 on.
    pub fn messages(&self, room: RoomId) -> &[Text] {
        self.messages.get(&room).map_or(&[], Vec::as_slice)
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

    /// What an account is called.
    pub fn name(&self, account: AccountId) -> Option<&Name> {
        self.accounts.get(&account)?.name.as_ref()
    }

    pub fn has_room(&self, id: RoomId) -> bool {
        self.rooms.contains_key(&id)
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
        for token in self.tokens.values() {
            let owner = &self.accounts[&token.account];
            assert!(owner.name.is_some(), "a token of a deleted account: {token:?}");
        }
    }

    fn members_of(&self, room: RoomId) -> impl Iterator<Item = &MemberRow> {
        self.members.values().filter(move |member| member.room == room)
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

    fn apply(&mut self, record: &Record) {
        match record.clone() {
            Record::AccountMade { id, name, hash: _, at } => {
                let taken = self.accounts.values().any(|account| account.name.as_ref() == Some(&name));
                assert!(!taken, "two accounts are called {name}");
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
                (account.name, account.away) = (None, None);
                account.operator = false;
                assert!(!self.tokens.keys().any(|(owner, _)| *owner == id), "{id} is deleted and has tokens");
            }
            Record::AwaySet { id, text } => self.account(id).away = text,
            Record::AcksSet { id, on } => self.account(id).acks = on,
            Record::OperatorSet { id, on } => self.account(id).operator = on,
            Record::Seen { id, at } => self.account(id).last_seen = Some(at),

            Record::TokenMade { account, name, digest, at, until } => {
                assert!(self.account(account).name.is_some(), "a token for a deleted account");
                let token = StoredToken { account, name: name.clone(), digest, created: at, until, used: None };
                assert_eq!(self.tokens.insert((account, name), token), None, "a token twice");
            }
            Record::TokenUsed { account, name, at } => {
                let token = self.tokens.get_mut(&(account, name)).expect("only stored tokens are used");
                assert!(token.until.is_none_or(|until| at < until), "used when it was over: {token:?}");
                token.used = token.used.max(Some(at));
            }
            Record::TokenRemoved { account, name } => {
                self.tokens.remove(&(account, name)).expect("only stored tokens are removed");
            }

            Record::RoomMade { id, name, visibility, at } => {
                assert!(id.0 > self.last_room, "the number of a room is given twice");
                assert_eq!(name.is_some(), visibility.is_some());
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

            Record::MessageSaid { room, seq, at, author, kind: _, text, key } => {
                let last = &mut self.room(room).last_seq;
                *last += 1;
                assert_eq!(seq, *last, "the numbers of room {room} have a gap");
                let speaks = author == SYSTEM || self.members.contains_key(&(room, author));
                assert!(speaks, "{author} speaks in room {room} without being a member");
                self.messages.entry(room).or_default().push(text);
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

            Record::InvitationMade { room, account, by, until } => {
                self.room(room);
                self.account(account);
                self.invitations.insert((room, account), (by, until));
            }
            Record::InvitationRemoved { room, account } => {
                self.invitations.remove(&(room, account)).expect("only stored invitations are removed");
            }
            Record::CodeMade { room, code, by, until } => {
                self.room(room);
                assert_eq!(self.codes.insert(code, (room, by, until)), None, "a code twice");
            }
            Record::CodeRemoved { code } => {
                self.codes.remove(&code).expect("only stored codes are removed");
            }

            Record::BanMade { room, account, by, at, until, why } => {
                self.room(room);
                self.account(account);
                self.bans.insert((room, account), StoredBan { by, at, until, why });
            }
            Record::BanRemoved { room, account } => {
                self.bans.remove(&(room, account)).expect("only stored bans are removed");
            }
            Record::AccountBanMade { account, by, at, until, why } => {
                self.account(account);
                self.account_bans.insert(account, StoredBan { by, at, until, why });
            }
            Record::AccountBanRemoved { account } => {
                self.account_bans.remove(&account).expect("only stored bans are removed");
            }
            Record::AddressBanMade { address, by, at, until, why } => {
                self.address_bans.insert(address, StoredBan { by, at, until, why });
            }
            Record::AddressBanRemoved { address } => {
                self.address_bans.remove(&address).expect("only stored bans are removed");
            }
        }
    }
}
