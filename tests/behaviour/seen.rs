//! What somebody is told, whatever the front, and how the fronts differ in it: [`Seen::told_by`] is all of that.

/// The two fronts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Text,
    Json,
}

/// A message. Its number in the room is 0 where it is not told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    pub seq: u64,
    pub room: String,
    pub by: String,
    pub is_action: bool,
    pub text: String,
}

/// How long something holds. The fronts tell the moment with different precision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lasts {
    ForGood,
    AWhile,
}

/// How a member stopped being one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Departure {
    Left,
    AccountDeleted,
    RoomDeleted { by: String },
    Kicked { by: String, why: String },
    Banned { by: String, lasts: Lasts, why: String },
}

/// A person. The role is empty where no room is shown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Someone {
    pub name: String,
    pub online: bool,
    pub away: Option<String>,
    pub role: String,
}

/// A row of the list of rooms.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomRow {
    pub room: String,
    pub kind: String,
    pub members: u64,
    pub online: u64,
    pub topic: Option<String>,
    pub joined: bool,
    pub unread: u64,
}

/// A room as it is shown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RoomShown {
    pub room: String,
    pub kind: String,
    pub topic: Option<String>,
    pub owner: Option<String>,
    pub moderators: Vec<String>,
    pub members: u64,
    pub online: u64,
    pub last: u64,
    pub unread: u64,
    pub invited: Vec<String>,
    pub codes: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BanRow {
    pub target: String,
    pub by: String,
    pub lasts: Lasts,
    pub why: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenRow {
    pub name: String,
    pub lasts: Lasts,
    pub used: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionRow {
    pub number: u64,
    pub front: Kind,
    pub address: String,
    pub token: Option<String>,
    pub own: bool,
}

/// Something that was told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    Message(Said),
    Stored {
        room: String,
        seq: u64,
    },
    /// By its stable code.
    Refused(String),

    Registered {
        name: String,
        room: String,
    },
    /// `news`: rooms with so many messages unread, so many of which name the reader.
    LoggedIn {
        name: String,
        news: Vec<(String, u64, u64)>,
        others: u64,
    },
    LoggedOut {
        sent: u64,
    },
    /// The connection ends. `sent` is 0 where it is not told.
    Bye {
        how: String,
        sent: u64,
        why: String,
    },
    PasswordChanged {
        closed: u64,
        tokens: u64,
    },
    TokenMade {
        name: String,
        secret: String,
        lasts: Lasts,
    },
    Tokens(Vec<TokenRow>),
    TokenRevoked {
        name: String,
        closed: u64,
    },
    Sessions(Vec<SessionRow>),
    SessionClosed(u64),

    Created {
        room: String,
        kind: String,
    },
    /// `recent`: the last messages, shown at once. `last`: how many there are.
    Entered {
        room: String,
        joined: bool,
        topic: Option<String>,
        here: Vec<Someone>,
        recent: Vec<Said>,
        last: u64,
    },
    Joined {
        room: String,
        who: String,
    },
    Left {
        room: String,
        who: String,
        how: Departure,
    },
    YouLeft {
        room: String,
        how: Departure,
    },
    /// A page, and how many there are.
    Rooms {
        rows: Vec<RoomRow>,
        page: (u64, u64),
    },
    Topic {
        room: String,
        topic: Option<(String, String)>,
    },
    Room(RoomShown),
    TopicSet {
        room: String,
        topic: Option<String>,
        by: String,
    },
    VisibilitySet {
        room: String,
        kind: String,
        by: String,
    },
    Renamed {
        room: String,
        name: String,
        by: String,
    },
    /// `by` is empty where it is the one meant, or a rule of the server.
    RoleSet {
        room: String,
        who: String,
        role: String,
        by: String,
    },

    Invited {
        room: String,
        who: String,
        told: bool,
    },
    Invitation {
        room: String,
        by: String,
    },
    CodeMade {
        room: String,
        code: String,
    },
    Uninvited {
        room: String,
        what: String,
    },

    /// Who is online, or the members of a room: a page, how many there are, and how many people on all of them.
    People {
        room: Option<String>,
        people: Vec<Someone>,
        page: (u64, u64),
        total: u64,
    },
    Account {
        who: Someone,
        was_here: bool,
        operator: bool,
        rooms: Vec<String>,
        addresses: Vec<String>,
    },
    AwaySet(Option<String>),
    NotHere(Someone),

    History {
        room: String,
        from: u64,
        to: u64,
        last: u64,
        messages: Vec<Said>,
    },
    Unread {
        messages: Vec<Said>,
        remaining: u64,
    },
    NothingUnread,
    CaughtUp {
        messages: u64,
        rooms: u64,
    },

    /// It was done to whom one wanted; `None`: kicked, else banned.
    Removed {
        room: String,
        who: String,
        banned: Option<Lasts>,
    },
    Unbanned {
        room: Option<String>,
        target: String,
    },
    Bans {
        room: Option<String>,
        bans: Vec<BanRow>,
    },
    ServerBanned {
        target: String,
        lasts: Lasts,
        why: String,
        closed: u64,
    },
    ServerKicked {
        who: String,
        closed: u64,
    },
    OperatorSet {
        who: String,
        operator: bool,
    },
}

impl Seen {
    /// What a front tells of it. This is where the two differ:
    ///
    /// - The text front shows no numbers beside what is said now: a person would not want to read them.
    /// - It shows the last few messages to whoever enters a room. A program asks for those it wants.
    /// - In a list it does not say that somebody who is offline is also away.
    /// - It tells when somebody was last there only of those who are not there now.
    /// - It does not count the messages of a deleted account.
    pub fn told_by(self, kind: Kind) -> Seen {
        let unnumbered = |said: Said| Said { seq: 0, ..said };
        match (kind, self) {
            (Kind::Text, Seen::Message(said)) => Seen::Message(unnumbered(said)),
            (Kind::Text, Seen::Entered { room, joined, topic, here, recent, last }) => {
                let recent = recent.into_iter().map(unnumbered).collect();
                Seen::Entered { room, joined, topic, here, recent, last }
            }
            (Kind::Json, Seen::Entered { room, joined, topic, here, recent: _, last }) => {
                Seen::Entered { room, joined, topic, here, recent: Vec::new(), last }
            }
            (Kind::Text, Seen::People { room, people, page, total }) => {
                let shown = |who: Someone| if who.online { who } else { Someone { away: None, ..who } };
                Seen::People { room, people: people.into_iter().map(shown).collect(), page, total }
            }
            (Kind::Text, Seen::Account { who, was_here, operator, rooms, addresses }) => {
                let was_here = was_here && !who.online;
                Seen::Account { who, was_here, operator, rooms, addresses }
            }
            (Kind::Text, Seen::Bye { how, sent: _, why }) if how == "account-deleted" => {
                Seen::Bye { how, sent: 0, why }
            }
            (_, seen) => seen,
        }
    }
}

// What tests expect, in short.

/// A message: number, room, author, text.
pub fn said(seq: u64, room: &str, by: &str, text: &str) -> Said {
    Said { seq, room: room.into(), by: by.into(), is_action: false, text: text.into() }
}

pub fn message(seq: u64, room: &str, by: &str, text: &str) -> Seen {
    Seen::Message(said(seq, room, by, text))
}

pub fn action(seq: u64, room: &str, by: &str, text: &str) -> Seen {
    Seen::Message(Said { is_action: true, ..said(seq, room, by, text) })
}

pub fn stored(room: &str, seq: u64) -> Seen {
    Seen::Stored { room: room.into(), seq }
}

pub fn refused(code: &str) -> Seen {
    Seen::Refused(code.into())
}

/// Entered by joining just now; `recent` are its last messages.
pub fn joined(room: &str, here: &[&str], recent: &[Said]) -> Seen {
    let here = here.iter().map(|name| online(name)).collect();
    let last = recent.last().map_or(0, |said| said.seq);
    Seen::Entered { room: room.into(), joined: true, topic: None, here, recent: recent.to_vec(), last }
}

/// All rooms, on one page.
pub fn all_rooms(rows: Vec<RoomRow>) -> Seen {
    Seen::Rooms { rows, page: (1, 1) }
}

/// All members of a room, or all who are online, on one page.
pub fn all_people(room: Option<&str>, people: Vec<Someone>) -> Seen {
    let total = people.len() as u64;
    Seen::People { room: room.map(str::to_owned), people, page: (1, 1), total }
}

/// Somebody online, where no role is told.
pub fn online(name: &str) -> Someone {
    Someone { name: name.into(), online: true, ..Someone::default() }
}

/// Somebody online with a role.
pub fn member(name: &str, role: &str) -> Someone {
    Someone { role: role.into(), ..online(name) }
}

pub fn offline(who: Someone) -> Someone {
    Someone { online: false, ..who }
}

pub fn away(who: Someone, text: &str) -> Someone {
    Someone { away: Some(text.into()), ..who }
}

pub fn has_joined(room: &str, who: &str) -> Seen {
    Seen::Joined { room: room.into(), who: who.into() }
}

pub fn left(room: &str, who: &str, how: Departure) -> Seen {
    Seen::Left { room: room.into(), who: who.into(), how }
}

pub fn you_left(room: &str, how: Departure) -> Seen {
    Seen::YouLeft { room: room.into(), how }
}

pub fn kicked(by: &str, why: &str) -> Departure {
    Departure::Kicked { by: by.into(), why: why.into() }
}

pub fn banned(by: &str, lasts: Lasts, why: &str) -> Departure {
    Departure::Banned { by: by.into(), lasts, why: why.into() }
}

pub fn removed(room: &str, who: &str, banned: Option<Lasts>) -> Seen {
    Seen::Removed { room: room.into(), who: who.into(), banned }
}

pub fn role_set(room: &str, who: &str, role: &str, by: &str) -> Seen {
    Seen::RoleSet { room: room.into(), who: who.into(), role: role.into(), by: by.into() }
}

pub fn bye(how: &str, sent: u64) -> Seen {
    Seen::Bye { how: how.into(), sent, why: String::new() }
}

/// The newest messages of a room, all of which are there.
pub fn whole_history(room: &str, messages: &[Said]) -> Seen {
    let last = messages.len() as u64;
    Seen::History { room: room.into(), from: 1, to: last, last, messages: messages.to_vec() }
}
