//! Accounts, found by number and by name.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::password_code::PasswordCode;
use super::suggest;
use super::token::Token;
use super::{AccountId, AccountRow, ClientId, FormerName, Name, Notice, Person, Role, RoomId, SYSTEM, Text, Timestamp};

/// One account of a person or a program; a deleted one without its name.
#[derive(Debug)]
pub(super) struct Account {
    pub id: AccountId,
    /// `None` once it is deleted; it is then shown as `ghost`.
    pub name: Option<Name>,
    /// Counts its passwords, so that a login that was checked against an old one is refused.
    pub password_version: u64,
    pub created: Timestamp,
    /// When its last connection ended.
    pub last_seen: Option<Timestamp>,
    pub away: Option<Text>,
    pub operator: bool,
    pub acks: bool,
    /// The rooms it is a member of, direct ones too. Also numbers of rooms deleted a moment ago.
    pub rooms: BTreeSet<RoomId>,
    /// The rooms to which it has an invitation, which may have expired.
    pub invitations: BTreeSet<RoomId>,
    /// Its invitation that last ended unused: the room, its name, and when. Kept in memory only.
    pub lost_invitation: Option<(RoomId, Name, Timestamp)>,
    /// The rooms from which it is banned; the ban may be over, and the room deleted.
    pub bans: BTreeSet<RoomId>,
    /// Its connections, ascending.
    pub clients: Vec<ClientId>,
    pub rooms_created: RecentRooms,
    pub tokens: BTreeMap<Name, Token>,
    /// The one-time code with which its owner may set a new password.
    pub password_code: Option<PasswordCode>,
    /// What it is shown at its next login.
    pub notices: Vec<(Timestamp, Notice)>,
}

/// The name of a deleted account. Nobody else can take it, or one that looks like it, until an operator frees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Former {
    pub name: Name,
    pub account: AccountId,
    pub freed: bool,
}

/// The rooms that an account has created within an hour.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RecentRooms {
    count: u64,
    since: Timestamp,
}

impl RecentRooms {
    const WINDOW_S: u64 = 3600;

    /// How many seconds the next one must wait, if there may be `max` of them.
    pub fn wait_s(self, max: u64, now: Timestamp) -> Option<u64> {
        let end = self.since.plus_seconds(Self::WINDOW_S);
        (self.is_running(now) && self.count >= max).then(|| ((end.0 - now.0) / 1000 + 1).unsigned_abs())
    }

    pub fn with_one_more(self, now: Timestamp) -> RecentRooms {
        match self.is_running(now) {
            true => RecentRooms { count: self.count + 1, ..self },
            false => RecentRooms { count: 1, since: now },
        }
    }

    /// Whether the hour goes on. A clock that was set back must not lengthen the wait.
    fn is_running(self, now: Timestamp) -> bool {
        self.since <= now && now < self.since.plus_seconds(Self::WINDOW_S)
    }
}

impl Account {
    pub fn new(id: AccountId, name: Name, created: Timestamp) -> Account {
        Account {
            id,
            name: Some(name),
            password_version: 1,
            created,
            last_seen: None,
            away: None,
            operator: false,
            acks: false,
            rooms: BTreeSet::new(),
            invitations: BTreeSet::new(),
            lost_invitation: None,
            bans: BTreeSet::new(),
            clients: Vec::new(),
            rooms_created: RecentRooms::default(),
            tokens: BTreeMap::new(),
            password_code: None,
            notices: Vec::new(),
        }
    }

    pub fn is_online(&self) -> bool {
        !self.clients.is_empty()
    }

    /// Its name; for a deleted account a unique one, which distinguishes its direct rooms and bans.
    pub fn label(&self) -> Name {
        self.name.clone().unwrap_or_else(|| ghost(self.id))
    }

    pub fn person(&self, role: Option<Role>) -> Person {
        Person { name: self.label(), online: self.is_online(), away: self.away.clone(), role }
    }
}

/// The label of a deleted account where a plain `ghost` would be ambiguous.
fn ghost(id: AccountId) -> Name {
    Name::parse(&format!("ghost-{id}")).expect("it fits for 10^14 accounts")
}

/// All accounts.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    by_id: BTreeMap<AccountId, Account>,
    /// By folded name, ascending: for suggestions.
    by_name: BTreeMap<String, AccountId>,
    /// The same, for looking up every word of a message; few of them are names. Never iterated, because its order is
    /// arbitrary.
    names: FxHashMap<Box<[u8]>, AccountId>,
    /// The accounts whose names cannot be told from each other, by what is alike in them; with reserved names of deleted
    /// ones. Several only of accounts that are older than the rule.
    skeletons: BTreeMap<String, BTreeSet<AccountId>>,
    /// By folded name.
    former: BTreeMap<String, Former>,
    /// The operators of the server.
    operators: BTreeSet<AccountId>,
    /// The accounts with a connection, by name.
    online: BTreeMap<String, AccountId>,
}

impl Accounts {
    pub fn load(rows: Vec<AccountRow>, former: Vec<FormerName>) -> Accounts {
        let mut accounts = Accounts::default();
        for row in rows {
            let mut account = Account::new(row.id, system_name(), row.created);
            account.name = row.name;
            account.password_version = row.password_version;
            account.last_seen = row.last_seen;
            account.away = row.away;
            account.operator = row.operator;
            account.acks = row.acks;
            accounts.insert(account);
        }
        for FormerName { name, account, freed } in former {
            if !freed {
                accounts.reserve(&name, account);
            }
            accounts.former.insert(name.folded(), Former { name, account, freed });
        }
        accounts
    }

    pub fn insert(&mut self, account: Account) {
        self.index(&account);
        if account.operator {
            self.operators.insert(account.id);
        }
        self.by_id.insert(account.id, account);
    }

    /// Indexes an account by its name. The system account is left out, so that nobody can write to it, invite it or log in
    /// to it.
    fn index(&mut self, account: &Account) {
        if let Some(name) = account.name.as_ref().filter(|_| account.id != SYSTEM) {
            let folded = name.folded();
            self.names.insert(folded.as_bytes().into(), account.id);
            self.by_name.insert(folded, account.id);
            self.reserve(name, account.id);
        }
    }

    /// Nobody can take this name, or one that looks like it.
    fn reserve(&mut self, name: &Name, account: AccountId) {
        self.skeletons.entry(name.skeleton()).or_default().insert(account);
    }

    fn stop_reserving(&mut self, name: &Name, account: AccountId) {
        let skeleton = name.skeleton();
        if let Some(accounts) = self.skeletons.get_mut(&skeleton) {
            accounts.remove(&account);
            if accounts.is_empty() {
                self.skeletons.remove(&skeleton);
            }
        }
    }

    /// Removes an account that could not be stored. It has no connections.
    pub fn remove(&mut self, id: AccountId) {
        if let Some(name) = self.take_name(id) {
            self.stop_reserving(&name, id);
        }
        self.by_id.remove(&id);
    }

    /// Makes an account an operator of the server, or a plain one. Returns what it was.
    pub fn set_operator(&mut self, id: AccountId, on: bool) -> bool {
        match on {
            true => self.operators.insert(id),
            false => self.operators.remove(&id),
        };
        std::mem::replace(&mut self.get_mut(id).operator, on)
    }

    /// The number of operators of the server.
    pub fn operators(&self) -> usize {
        self.operators.len()
    }

    fn take_name(&mut self, id: AccountId) -> Option<Name> {
        let name = self.get_mut(id).name.take()?;
        let folded = name.folded();
        self.names.remove(folded.as_bytes());
        self.by_name.remove(&folded);
        self.online.remove(&folded);
        Some(name)
    }

    /// Takes the name away from a deleted account. It stays reserved.
    pub fn retire_name(&mut self, id: AccountId) -> Option<Name> {
        let name = self.take_name(id)?;
        self.former.insert(name.folded(), Former { name: name.clone(), account: id, freed: false });
        Some(name)
    }

    /// The name of a deleted account, reserved or freed.
    pub fn former(&self, name: &Name) -> Option<&Former> {
        self.former.get(&name.folded())
    }

    #[cfg(test)]
    pub fn all_former(&self) -> impl Iterator<Item = &Former> {
        self.former.values()
    }

    /// Frees a reserved name, or reserves it again.
    pub fn set_freed(&mut self, name: &Name, freed: bool) {
        let Some(former) = self.former.get_mut(&name.folded()) else { return };
        former.freed = freed;
        let (name, account) = (former.name.clone(), former.account);
        match freed {
            true => self.stop_reserving(&name, account),
            false => self.reserve(&name, account),
        }
    }

    /// A freed name is taken again: forgets whose it was. Returns it.
    pub fn take_former(&mut self, name: &Name) -> Option<Former> {
        self.former.remove(&name.folded())
    }

    /// Restores what [`Accounts::take_former`] returned.
    pub fn put_former(&mut self, former: Former) {
        self.former.insert(former.name.folded(), former);
    }

    /// Restores the name of an account.
    pub fn set_name(&mut self, id: AccountId, name: Name) {
        self.former.remove(&name.folded());
        let account = self.get_mut(id);
        account.name = Some(name);
        let (folded, is_online) = (account.label().folded(), account.is_online());
        if is_online {
            self.online.insert(folded, id);
        }
        let account = self.by_id.remove(&id).expect("it was changed above");
        self.insert(account);
    }

    pub fn next_id(&self) -> AccountId {
        AccountId(self.by_id.last_key_value().map_or(0, |(id, _)| id.0) + 1)
    }

    /// The account, which must exist: account numbers come from this table, and deleted accounts stay in it.
    pub fn get(&self, id: AccountId) -> &Account {
        self.by_id.get(&id).expect("account numbers stay valid")
    }

    pub fn get_mut(&mut self, id: AccountId) -> &mut Account {
        self.by_id.get_mut(&id).expect("account numbers stay valid")
    }

    pub fn try_get(&self, id: AccountId) -> Option<&Account> {
        self.by_id.get(&id)
    }

    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.by_id.values()
    }

    /// Those with a one-time code for a new password, ascending. Visits all accounts.
    pub fn with_password_code(&self) -> Vec<AccountId> {
        self.by_id.values().filter(|account| account.password_code.is_some()).map(|account| account.id).collect()
    }

    pub fn find(&self, name: &Name) -> Option<&Account> {
        self.find_folded(&name.folded())
    }

    fn find_folded(&self, folded: &str) -> Option<&Account> {
        self.by_name.get(folded).map(|id| self.get(*id))
    }

    /// The account whose name is this word of a message, in lower case.
    pub fn named_by(&self, folded: &[u8]) -> Option<AccountId> {
        self.names.get(folded).copied()
    }

    /// The account with this label: a name, or `ghost-17` for a deleted account.
    pub fn find_label(&self, label: &Name) -> Option<&Account> {
        if let Some(number) = label.folded().strip_prefix("ghost-") {
            let id = AccountId(number.parse().ok()?);
            return self.by_id.get(&id).filter(|account| account.name.is_none());
        }
        self.find(label)
    }

    /// Whether an account has this name, or one that looks like it, or a deleted one had.
    pub fn is_taken(&self, name: &Name) -> bool {
        self.by_name.contains_key(&name.folded()) || self.skeletons.contains_key(&name.skeleton())
    }

    /// Adds a connection. Returns whether it is the account's first.
    pub fn connect(&mut self, id: AccountId, client: ClientId) -> bool {
        let account = self.get_mut(id);
        let place = account.clients.partition_point(|other| *other < client);
        account.clients.insert(place, client);
        let (first, folded) = (account.clients.len() == 1, account.label().folded());
        self.online.insert(folded, id);
        first
    }

    /// Removes a connection. Returns whether it was the account's last.
    pub fn disconnect(&mut self, id: AccountId, client: ClientId) -> bool {
        let account = self.get_mut(id);
        account.clients.retain(|other| *other != client);
        let (last, folded) = (account.clients.is_empty(), account.label().folded());
        if last {
            self.online.remove(&folded);
        }
        last
    }

    /// The accounts with a connection, in the order of their names.
    pub fn online(&self) -> impl ExactSizeIterator<Item = &Account> {
        self.online.values().map(|id| self.get(*id))
    }

    /// A name similar to `name`, for "did you mean".
    pub fn suggest(&self, name: &Name) -> Option<Name> {
        let candidates = suggest::near(name, &self.by_name).map(|id| self.get(*id).label());
        suggest::closest(name, candidates)
    }
}

fn system_name() -> Name {
    Name::parse("system").expect("it is a valid name")
}
