//! Accounts: who there is, by number and by name.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::name_filter::NameFilter;
use super::suggest;
use super::token::Token;
use super::{AccountId, AccountRow, ClientId, Name, Presence, Role, RoomId, SYSTEM, Text, Timestamp};

/// One person or program with a name, or what is left of one.
#[derive(Debug)]
pub(super) struct Account {
    pub id: AccountId,
    /// `None` once it is deleted; it then shows as `ghost`.
    pub name: Option<Name>,
    /// Counts its passwords, so that a login checked against an old one can be refused.
    pub password_version: u64,
    pub created: Timestamp,
    /// When its last connection ended.
    pub last_seen: Option<Timestamp>,
    pub away: Option<Text>,
    pub operator: bool,
    pub acks: bool,
    /// The rooms in which it is a member, direct ones too.
    pub rooms: BTreeSet<RoomId>,
    /// The rooms to which it has an invitation, which may have expired.
    pub invitations: BTreeSet<RoomId>,
    /// Its connections, in the order of their numbers: that is the same after a commit that failed.
    pub clients: Vec<ClientId>,
    pub code_tries: CodeTries,
    pub tokens: BTreeMap<Name, Token>,
}

/// Wrong one-time codes typed by one account: a few in ten minutes are a slip of the ear, more is guessing.
#[derive(Debug, Default)]
pub(super) struct CodeTries {
    count: u32,
    since: Timestamp,
}

impl CodeTries {
    const MAX: u32 = 5;
    const WINDOW_S: u64 = 600;

    pub fn are_used_up(&self, now: Timestamp) -> bool {
        self.count >= Self::MAX && self.is_running(now)
    }

    pub fn count_wrong(&mut self, now: Timestamp) {
        if !self.is_running(now) {
            *self = CodeTries { count: 0, since: now };
        }
        self.count += 1;
    }

    /// A clock that was set back must not lengthen the wait.
    fn is_running(&self, now: Timestamp) -> bool {
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
            clients: Vec::new(),
            code_tries: CodeTries::default(),
            tokens: BTreeMap::new(),
        }
    }

    pub fn is_online(&self) -> bool {
        !self.clients.is_empty()
    }

    /// The name by which its direct rooms and bans are told apart from those of other deleted accounts.
    pub fn label(&self) -> Name {
        self.name.clone().unwrap_or_else(|| ghost(self.id))
    }

    pub fn presence(&self, role: Role) -> Presence {
        Presence { name: self.label(), online: self.is_online(), away: self.away.clone(), role }
    }
}

/// What a deleted account is called where it must be told apart from others.
fn ghost(id: AccountId) -> Name {
    Name::parse(&format!("ghost-{id}")).expect("it fits for 10^14 accounts")
}

/// All accounts.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    by_id: BTreeMap<AccountId, Account>,
    by_name: BTreeMap<String, AccountId>,
    filter: NameFilter,
    skeletons: BTreeMap<String, AccountId>,
    /// Those with a connection, by name.
    online: BTreeMap<String, AccountId>,
}

impl Accounts {
    pub fn load(rows: Vec<AccountRow>) -> Accounts {
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
        accounts
    }

    pub fn insert(&mut self, account: Account) {
        // Nobody can write to the system account, invite it or log in to it: it is not found by its name.
        if let Some(name) = account.name.as_ref().filter(|_| account.id != SYSTEM) {
            let folded = name.folded();
            self.by_name.insert(folded.clone(), account.id);
            self.filter.add(&folded, self.by_name.keys().map(String::as_str));
            self.skeletons.insert(name.skeleton(), account.id);
        }
        self.by_id.insert(account.id, account);
    }

    pub fn next_id(&self) -> AccountId {
        AccountId(self.by_id.last_key_value().map_or(0, |(id, _)| id.0) + 1)
    }

    /// The account, which must exist: numbers come from this table and are never taken out of it.
    pub fn get(&self, id: AccountId) -> &Account {
        self.by_id.get(&id).expect("account numbers stay valid")
    }

    pub fn get_mut(&mut self, id: AccountId) -> &mut Account {
        self.by_id.get_mut(&id).expect("account numbers stay valid")
    }

    pub fn try_get(&self, id: AccountId) -> Option<&Account> {
        self.by_id.get(&id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.by_id.values()
    }

    pub fn find(&self, name: &Name) -> Option<&Account> {
        self.find_folded(&name.folded())
    }

    fn find_folded(&self, folded: &str) -> Option<&Account> {
        self.by_name.get(folded).map(|id| self.get(*id))
    }

    /// The number of the account that a word of a message names, in lower case: quick where it is none, as most are.
    pub fn named_by(&self, folded: &[u8]) -> Option<AccountId> {
        if !self.filter.may_have(folded) {
            return None;
        }
        self.by_name.get(std::str::from_utf8(folded).ok()?).copied()
    }

    /// The account that the label of a direct room means: a name, or `ghost-17` for a deleted one.
    pub fn find_label(&self, label: &Name) -> Option<&Account> {
        if let Some(number) = label.folded().strip_prefix("ghost-") {
            let id = AccountId(number.parse().ok()?);
            return self.by_id.get(&id).filter(|account| account.name.is_none());
        }
        self.find(label)
    }

    /// Whether the name, or one that looks like it, belongs to somebody.
    pub fn is_taken(&self, name: &Name) -> bool {
        self.by_name.contains_key(&name.folded()) || self.skeletons.contains_key(&name.skeleton())
    }

    /// Takes the name away from a deleted account.
    pub fn forget_name(&mut self, id: AccountId) {
        if let Some(name) = self.get_mut(id).name.take() {
            self.by_name.remove(&name.folded());
            self.skeletons.remove(&name.skeleton());
            self.online.remove(&name.folded());
        }
    }

    /// Adds a connection; whether it is the account's first.
    pub fn connect(&mut self, id: AccountId, client: ClientId) -> bool {
        let account = self.get_mut(id);
        let place = account.clients.partition_point(|other| *other < client);
        account.clients.insert(place, client);
        let (first, folded) = (account.clients.len() == 1, account.label().folded());
        self.online.insert(folded, id);
        first
    }

    /// Takes a connection away; whether it was the account's last.
    pub fn disconnect(&mut self, id: AccountId, client: ClientId) -> bool {
        let account = self.get_mut(id);
        account.clients.retain(|other| *other != client);
        let (last, folded) = (account.clients.is_empty(), account.label().folded());
        if last {
            self.online.remove(&folded);
        }
        last
    }

    /// Those with a connection, in the order of their names.
    pub fn online(&self) -> impl ExactSizeIterator<Item = &Account> {
        self.online.values().map(|id| self.get(*id))
    }

    /// A name that somebody may have meant by `name`. Looks at names with the same first character only, so that the
    /// work stays bounded however many accounts there are.
    pub fn suggest(&self, name: &Name) -> Option<Name> {
        let folded = name.folded();
        let first = folded.get(..1)?;
        let range = (Bound::Included(first.to_owned()), Bound::Unbounded);
        let alike = self.by_name.range(range).take_while(|(other, _)| other.starts_with(first));
        let candidates = alike.map(|(_, id)| self.get(*id).label());
        suggest::closest(name, candidates)
    }
}

fn system_name() -> Name {
    Name::parse("system").expect("it is a valid name")
}
