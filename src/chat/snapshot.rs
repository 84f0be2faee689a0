//! The stored state that decisions need. The chat is loaded from it when the server starts.

use std::collections::BTreeSet;

use super::{
    AccountId, Code, GENERAL, Name, Notice, ReadMark, Registration, Role, RoomId, SYSTEM, Seq, Text, Timestamp,
    TokenDigest, TokenScope, Visibility,
};
use crate::address::Address;

/// No number of an account, a room or a message gets as high, at a million a second for thirty years; and the label of a
/// deleted account, `ghost-NUMBER`, is still a name.
const NUMBER_MAX: i64 = 99_999_999_999_999;

/// The whole state except the messages, in plain rows. Rows of each kind are ordered by their keys.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Snapshot {
    /// All accounts, including deleted ones.
    pub accounts: Vec<AccountRow>,
    /// All rooms except deleted ones.
    pub rooms: Vec<StoredRoom>,
    /// The members of all rooms.
    pub members: Vec<MemberRow>,
    /// Unread messages that mention a member: room, account, number.
    pub mentions: Vec<(RoomId, AccountId, Seq)>,
    /// Tokens.
    pub tokens: Vec<StoredToken>,
    /// Open invitations: room, invited, by whom, until when.
    pub invitations: Vec<(RoomId, AccountId, AccountId, Timestamp)>,
    /// Open one-time codes: code, room, by whom, until when.
    pub codes: Vec<(Code, RoomId, AccountId, Timestamp)>,
    /// Bans from rooms.
    pub bans: Vec<(RoomId, AccountId, StoredBan)>,
    /// Accounts banned from the server.
    pub account_bans: Vec<(AccountId, StoredBan)>,
    /// Addresses banned from the server.
    pub address_bans: Vec<(Address, StoredBan)>,
    /// The names of deleted accounts, by name.
    pub former_names: Vec<FormerName>,
    /// Codes for new passwords: account, digest, until when.
    pub password_codes: Vec<(AccountId, TokenDigest, Timestamp)>,
    /// Notices in the order in which they were left: account, when, what.
    pub notices: Vec<(AccountId, Timestamp, Notice)>,
    /// Who can create an account.
    pub registration: Registration,
    /// Codes for new accounts: digest, by whom, until when.
    pub registration_codes: Vec<(TokenDigest, AccountId, Timestamp)>,
    /// The highest room number that was ever used, so that none is reused.
    pub last_room: i64,
}

/// A stored account. Its password hash stays in the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountRow {
    /// Its number.
    pub id: AccountId,
    /// Its name; `None` once it is deleted.
    pub name: Option<Name>,
    /// Counts the passwords it has had, from 1.
    pub password_version: u64,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last connected, if ever.
    pub last_seen: Option<Timestamp>,
    /// Why it is away.
    pub away: Option<Text>,
    /// Whether it is an operator of the server.
    pub operator: bool,
    /// Whether it wants acknowledgements.
    pub acks: bool,
}

/// The name of a deleted account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FormerName {
    /// The name.
    pub name: Name,
    /// Whose it was.
    pub account: AccountId,
    /// Whether anybody may take it.
    pub freed: bool,
}

/// A token as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredToken {
    /// Whose it is.
    pub account: AccountId,
    /// Its name, chosen by its owner.
    pub name: Name,
    /// The digest that it is verified by.
    pub digest: TokenDigest,
    /// What it allows.
    pub scope: TokenScope,
    /// When it was created.
    pub created: Timestamp,
    /// When it expires; `None` if never.
    pub until: Option<Timestamp>,
    /// When it was last used to log in.
    pub used: Option<Timestamp>,
}

/// A stored room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredRoom {
    /// Its number.
    pub id: RoomId,
    /// Its name; `None` for a direct room.
    pub name: Option<Name>,
    /// Who may find and enter it; `None` for a direct room.
    pub visibility: Option<Visibility>,
    /// When it was created.
    pub created: Timestamp,
    /// Its topic, with author and time.
    pub topic: Option<(Text, AccountId, Timestamp)>,
    /// The number of its newest message.
    pub last_seq: Seq,
}

/// A stored membership.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberRow {
    /// The room.
    pub room: RoomId,
    /// The member.
    pub account: AccountId,
    /// Its role.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
    /// The messages it has read.
    pub read: ReadMark,
}

/// A stored ban.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredBan {
    /// Who did it.
    pub by: AccountId,
    /// When.
    pub at: Timestamp,
    /// Until when; `None` if permanent.
    pub until: Option<Timestamp>,
    /// Why.
    pub why: Text,
}

impl Snapshot {
    /// Why no chat can be loaded from this state, in one line: rows that contradict one another or what the chat relies on.
    /// No chat writes such a state, but an edit by hand or damage of a disk may leave one.
    pub fn fault(&self) -> Option<String> {
        let accounts: BTreeSet<AccountId> = self.accounts.iter().map(|row| row.id).collect();
        self.fault_of_accounts(&accounts)
            .or_else(|| self.rooms.iter().find_map(|room| self.fault_of_room(room, &accounts)))
            .or_else(|| self.fault_of_names())
            .or_else(|| self.fault_of_references(&accounts))
    }

    fn fault_of_accounts(&self, accounts: &BTreeSet<AccountId>) -> Option<String> {
        if accounts.is_empty() && self.rooms.is_empty() && self.last_room == 0 {
            // Nobody has used it yet.
            return None;
        }
        if !accounts.contains(&SYSTEM) {
            return Some("the server's own account is missing".to_owned());
        }
        let is_first = |room: &&StoredRoom| room.id == GENERAL && room.visibility == Some(Visibility::Public);
        if !self.rooms.iter().any(|room| is_first(&room)) {
            return Some("the first room, which is public, is missing".to_owned());
        }
        let wrong = self.accounts.iter().map(|row| row.id.0).find(|id| !(1..=NUMBER_MAX).contains(id));
        let wrong = wrong.map(|id| format!("no account has the number {id}"));
        wrong.or_else(|| (self.last_room > NUMBER_MAX).then(|| format!("no room had the number {}", self.last_room)))
    }

    fn fault_of_room(&self, room: &StoredRoom, accounts: &BTreeSet<AccountId>) -> Option<String> {
        let id = room.id;
        if !(1..=NUMBER_MAX).contains(&id.0) || room.last_seq > NUMBER_MAX.unsigned_abs() {
            return Some(format!("room {id} or its messages have numbers that no room has"));
        }
        if room.topic.as_ref().is_some_and(|(_, by, _)| !accounts.contains(by)) {
            return Some(format!("the topic of room {id} was set by an account that is missing"));
        }
        match (&room.name, room.visibility) {
            (Some(_), Some(_)) => None,
            (None, None) => self.fault_of_direct_room(room),
            _ => Some(format!("room {id} has a name without a visibility, or the reverse")),
        }
    }

    fn fault_of_direct_room(&self, room: &StoredRoom) -> Option<String> {
        let id = room.id;
        let members: Vec<AccountId> = self.members_of(id).collect();
        let is_of_two = matches!(members[..], [one, other] if one != other && one != SYSTEM && other != SYSTEM);
        if !is_of_two {
            return Some(format!("direct room {id} does not have two members"));
        }
        let is_there = self.invitations.iter().any(|(room, ..)| *room == id)
            || self.codes.iter().any(|(_, room, ..)| *room == id)
            || self.bans.iter().any(|(room, ..)| *room == id);
        (room.topic.is_some() || is_there).then(|| {
            format!("direct room {id} has a topic, a ban, an invitation or a code, which only named rooms have")
        })
    }

    /// Of names that must be unique, and pairs of accounts that have one direct room.
    fn fault_of_names(&self) -> Option<String> {
        let (mut names, mut rooms, mut pairs) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for row in &self.accounts {
            if let Some(name) = row.name.as_ref().filter(|name| !names.insert(name.folded())) {
                return Some(format!("two accounts are named {name}"));
            }
        }
        for room in &self.rooms {
            let is_public = room.visibility == Some(Visibility::Public);
            if let Some(name) = room.name.as_ref().filter(|name| is_public && !rooms.insert(name.folded())) {
                return Some(format!("two public rooms are named {name}"));
            }
            if room.name.is_none() && !pairs.insert(self.members_of(room.id).collect::<Vec<_>>()) {
                return Some(format!("direct room {} is the second one of its two members", room.id));
            }
        }
        None
    }

    /// Of rows that name an account or a room.
    fn fault_of_references(&self, accounts: &BTreeSet<AccountId>) -> Option<String> {
        let rooms: BTreeSet<RoomId> = self.rooms.iter().map(|room| room.id).collect();
        let lacks = |room: &RoomId, named: &[AccountId]| {
            !rooms.contains(room) || named.iter().any(|account| !accounts.contains(account))
        };
        let lacking = [
            ("a member", self.members.iter().any(|row| lacks(&row.room, &[row.account]))),
            ("a mention", self.mentions.iter().any(|(room, account, _)| lacks(room, &[*account]))),
            ("a token", self.tokens.iter().any(|row| lacks(&GENERAL, &[row.account]))),
            ("an invitation", self.invitations.iter().any(|(room, account, by, _)| lacks(room, &[*account, *by]))),
            ("a former name", self.former_names.iter().any(|row| lacks(&GENERAL, &[row.account]))),
            ("a code for a password", self.password_codes.iter().any(|(account, ..)| lacks(&GENERAL, &[*account]))),
            ("a notice", self.notices.iter().any(|(account, ..)| lacks(&GENERAL, &[*account]))),
            ("a one-time code", self.codes.iter().any(|(_, room, by, _)| lacks(room, &[*by]))),
            ("a ban from a room", self.bans.iter().any(|(room, account, ban)| lacks(room, &[*account, ban.by]))),
            ("a ban", self.account_bans.iter().any(|(account, ban)| lacks(&GENERAL, &[*account, ban.by]))),
            ("a ban", self.address_bans.iter().any(|(_, ban)| lacks(&GENERAL, &[ban.by]))),
        ];
        let found = lacking.iter().find(|(_, is_lacking)| *is_lacking)?;
        Some(format!("{} refers to an account or a room that is missing", found.0))
    }

    /// The members of a room, ascending.
    fn members_of(&self, room: RoomId) -> impl Iterator<Item = AccountId> {
        let from = self.members.partition_point(|row| row.room < room);
        self.members[from..].iter().take_while(move |row| row.room == room).map(|row| row.account)
    }
}
