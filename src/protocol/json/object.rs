//! What programs get, as objects: the names of their types and fields.
//!
//! Derived by serde. A field is always there; it is `null` where there is nothing to tell, and for an end that is never.

use std::collections::BTreeMap;

use serde::Serialize;

use super::refusal::Details;
use super::value::{Label, Moment, Word, name};
use crate::chat::{BanTarget, Seq};

/// Everything that a program is told.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Object<'a> {
    Hello {
        server: &'a str,
        version: &'a str,
        protocol: u32,
        time: Moment,
        limits: Limits,
    },
    Pong {
        time: Moment,
    },
    Done,
    SlowDown {
        lines_per_s: u64,
        burst_lines: u64,
        delayed_lines_max: u64,
    },
    Bye {
        reason: &'a str,
        cause: Option<&'a str>,
        text: Option<&'a str>,
        sent: Option<u64>,
        until: Option<Moment>,
        why: Option<Word<'a>>,
    },

    Message(Said<'a>),
    Stored {
        room: Label<'a>,
        seq: Seq,
        at: Moment,
    },
    Refused {
        code: &'a str,
        text: &'a str,
        #[serde(flatten)]
        details: Details<'a>,
    },

    Registered {
        name: Word<'a>,
        rooms: Vec<OwnRoom<'a>>,
    },
    LoggedIn {
        name: Word<'a>,
        last_seen: Option<Moment>,
        away: Option<Word<'a>>,
        others: u64,
        rooms: Vec<OwnRoom<'a>>,
        invitations: Vec<Invitation<'a>>,
    },
    LoggedOut {
        sent: u64,
    },
    AcksSet {
        on: bool,
    },
    PasswordChanged {
        closed: u64,
        tokens: u64,
    },
    TokenMade {
        name: Word<'a>,
        token: Word<'a>,
        until: Option<Moment>,
    },
    Tokens {
        tokens: Vec<TokenRow<'a>>,
    },
    TokenRevoked {
        name: Word<'a>,
        closed: u64,
    },
    Sessions {
        sessions: Vec<SessionRow<'a>>,
    },
    SessionClosed {
        session: u64,
    },

    Created {
        room: Label<'a>,
        visibility: &'a str,
    },
    Entered {
        room: Label<'a>,
        joined: bool,
        topic: Option<Word<'a>>,
        last: Seq,
        here: Vec<Person<'a>>,
        more: u64,
    },
    Joined {
        room: Label<'a>,
        name: Word<'a>,
    },
    Left {
        room: Label<'a>,
        name: Word<'a>,
        #[serde(flatten)]
        departure: Departure<'a>,
    },
    YouLeft {
        room: Label<'a>,
        #[serde(flatten)]
        departure: Departure<'a>,
    },
    Rooms {
        rooms: Vec<RoomRow<'a>>,
        page: u64,
        pages: u64,
    },
    Topic {
        room: Label<'a>,
        topic: Option<Word<'a>>,
        by: Option<Word<'a>>,
        at: Option<Moment>,
    },
    Room {
        room: Label<'a>,
        kind: &'a str,
        topic: Option<Word<'a>>,
        created: Moment,
        owner: Option<Word<'a>>,
        moderators: Vec<Word<'a>>,
        members: u64,
        online: u64,
        last: Seq,
        unread: u64,
        invited: Vec<Word<'a>>,
        codes: Vec<Word<'a>>,
    },
    TopicSet {
        room: Label<'a>,
        topic: Option<Word<'a>>,
        by: Option<Word<'a>>,
    },
    VisibilitySet {
        room: Label<'a>,
        visibility: &'a str,
        by: Option<Word<'a>>,
    },
    Renamed {
        room: Label<'a>,
        name: Word<'a>,
        by: Option<Word<'a>>,
    },
    RoleSet {
        room: Label<'a>,
        name: Word<'a>,
        role: &'a str,
        by: Option<Word<'a>>,
    },

    Invited {
        room: Label<'a>,
        name: Word<'a>,
        until: Moment,
        told: bool,
    },
    Invitation(Invitation<'a>),
    CodeMade {
        room: Label<'a>,
        code: Word<'a>,
        until: Moment,
    },
    Uninvited {
        room: Label<'a>,
        name: Word<'a>,
    },

    People {
        room: Option<Label<'a>>,
        people: Vec<Person<'a>>,
        total: u64,
        page: u64,
        pages: u64,
    },
    Account {
        #[serde(flatten)]
        person: Person<'a>,
        created: Moment,
        last_seen: Option<Moment>,
        operator: bool,
        rooms: Vec<Label<'a>>,
        addresses: Vec<String>,
    },
    AwaySet {
        text: Option<Word<'a>>,
    },
    NotHere(Person<'a>),

    History {
        room: Label<'a>,
        from: Seq,
        to: Seq,
        last: Seq,
        messages: Vec<Said<'a>>,
    },
    Unread {
        messages: Vec<Said<'a>>,
        remaining: u64,
    },
    NothingUnread,
    CaughtUp {
        messages: u64,
        rooms: u64,
    },
    Resumed {
        /// By room: the number up to which it was given, and after which it is live.
        rooms: BTreeMap<String, Seq>,
        gone: Vec<Label<'a>>,
    },

    Removed {
        room: Label<'a>,
        name: Word<'a>,
        #[serde(flatten)]
        departure: Departure<'a>,
    },
    Unbanned {
        room: Option<Label<'a>>,
        #[serde(flatten)]
        target: Target<'a>,
    },
    Bans {
        room: Option<Label<'a>>,
        bans: Vec<Ban<'a>>,
    },
    ServerBanned {
        #[serde(flatten)]
        ban: Ban<'a>,
        closed: u64,
    },
    ServerKicked {
        name: Word<'a>,
        closed: u64,
    },
    OperatorSet {
        name: Word<'a>,
        operator: bool,
        you: bool,
    },
}

/// What a program has to keep to, or may count on.
#[derive(Serialize)]
pub(super) struct Limits {
    pub line_max_bytes: usize,
    pub depth_max: usize,
    pub ref_max_bytes: usize,
    pub key_max_bytes: usize,
    pub message_max_bytes: u64,
    pub history_page_max: u64,
    pub rate_burst_lines: u64,
    pub rate_lines_per_s: u64,
    pub login_timeout_s: u64,
}

/// A message, live or on a page.
#[derive(Serialize)]
pub(super) struct Said<'a> {
    pub room: Label<'a>,
    pub seq: Seq,
    pub at: Moment,
    pub from: Word<'a>,
    pub kind: &'static str,
    pub text: Word<'a>,
}

/// A person.
#[derive(Serialize)]
pub(super) struct Person<'a> {
    pub name: Word<'a>,
    pub online: bool,
    pub away: Option<Word<'a>>,
    pub role: Option<&'static str>,
}

/// A room in which one is, at the login.
#[derive(Serialize)]
pub(super) struct OwnRoom<'a> {
    pub room: Label<'a>,
    pub last: Seq,
    pub unread: u64,
    pub mentions: u64,
}

/// A row of the list of rooms.
#[derive(Serialize)]
pub(super) struct RoomRow<'a> {
    pub room: Label<'a>,
    pub kind: &'static str,
    pub members: u64,
    pub online: u64,
    pub topic: Option<Word<'a>>,
    pub joined: bool,
    pub unread: u64,
}

/// An open invitation.
#[derive(Serialize)]
pub(super) struct Invitation<'a> {
    pub room: Word<'a>,
    pub by: Word<'a>,
    pub until: Moment,
}

/// A ban.
#[derive(Serialize)]
pub(super) struct Ban<'a> {
    #[serde(flatten)]
    pub target: Target<'a>,
    pub by: Word<'a>,
    pub at: Moment,
    pub until: Option<Moment>,
    pub why: Option<Word<'a>>,
}

/// Whom a ban is against: one of the two.
#[derive(Serialize)]
pub(super) struct Target<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Word<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl<'a> Target<'a> {
    pub fn of(target: &'a BanTarget) -> Target<'a> {
        match target {
            BanTarget::Account(account) => Target { name: Some(name(account)), address: None },
            BanTarget::Address(address) => Target { name: None, address: Some(address.to_string()) },
        }
    }
}

/// A token, by its name.
#[derive(Serialize)]
pub(super) struct TokenRow<'a> {
    pub name: Word<'a>,
    pub created: Moment,
    pub until: Option<Moment>,
    pub used: Option<Moment>,
}

/// A connection.
#[derive(Serialize)]
pub(super) struct SessionRow<'a> {
    pub session: u64,
    pub front: &'static str,
    pub address: String,
    pub since: Moment,
    pub idle_s: u64,
    pub token: Option<Word<'a>>,
    pub own: bool,
}

/// How a member stopped being one.
#[derive(Serialize)]
pub(super) struct Departure<'a> {
    pub how: &'static str,
    pub by: Option<Word<'a>>,
    pub until: Option<Moment>,
    pub why: Option<Word<'a>>,
}
