//! Objects of the JSON front as what they tell. An object that tells nothing known fails the test, and so does one that
//! lacks a field.

use serde_json::Value;

use crate::behaviour::seen::{
    BanRow, Departure, Kind, Lasts, RoomRow, RoomShown, Said, Seen, SessionRow, Someone, TokenRow,
};

/// What these objects tell, in order.
pub fn read(objects: Vec<Value>) -> Vec<Seen> {
    let mut seen = Vec::new();
    for object in &objects {
        let told = Told(object);
        seen.push(told.seen());
        if object["type"] == "logged_in" {
            // A person is told these on lines of their own.
            seen.extend(told.optional("away").map(|text| Seen::AwaySet(Some(text))));
            seen.extend(told.list("invitations", |row| Seen::Invitation { room: row.room(), by: row.text("by") }));
        }
    }
    seen
}

/// An object, of which the fields are taken by name.
struct Told<'a>(&'a Value);

impl Told<'_> {
    fn field(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or_else(|| panic!("no {name} in {}", self.0))
    }

    fn text(&self, name: &str) -> String {
        self.field(name).as_str().unwrap_or_else(|| panic!("{name} is no string in {}", self.0)).to_owned()
    }

    /// A text that is `null` where there is nothing to tell.
    fn optional(&self, name: &str) -> Option<String> {
        (!self.field(name).is_null()).then(|| self.text(name))
    }

    fn number(&self, name: &str) -> u64 {
        self.field(name).as_u64().unwrap_or_else(|| panic!("{name} is no number in {}", self.0))
    }

    fn flag(&self, name: &str) -> bool {
        self.field(name).as_bool().unwrap_or_else(|| panic!("{name} is neither true nor false in {}", self.0))
    }

    fn list<T>(&self, name: &str, read: impl Fn(&Told) -> T) -> Vec<T> {
        let rows = self.field(name).as_array().unwrap_or_else(|| panic!("{name} is no list in {}", self.0));
        rows.iter().map(|row| read(&Told(row))).collect()
    }

    fn words(&self, name: &str) -> Vec<String> {
        self.list(name, |word| word.0.as_str().expect("a string").to_owned())
    }

    fn room(&self) -> String {
        label(&self.text("room"))
    }

    fn optional_room(&self) -> Option<String> {
        self.optional("room").map(|room| label(&room))
    }

    /// A reason, empty if none was given.
    fn why(&self) -> String {
        self.optional("why").unwrap_or_default()
    }

    fn lasts(&self) -> Lasts {
        if self.field("until").is_null() { Lasts::ForGood } else { Lasts::AWhile }
    }

    /// The page of a list, and how many there are.
    fn page(&self) -> (u64, u64) {
        (self.number("page"), self.number("pages"))
    }

    /// Whom a ban is against.
    fn target(&self) -> String {
        if self.0.get("name").is_some() { self.text("name") } else { self.text("address") }
    }

    fn said(&self) -> Said {
        Said {
            seq: self.number("seq"),
            room: self.room(),
            by: self.text("from"),
            is_action: match self.text("kind").as_str() {
                "speech" => false,
                "action" => true,
                other => panic!("no kind of message: {other}"),
            },
            text: self.text("text"),
        }
    }

    /// A person; with a role only where a room is shown.
    fn someone(&self, has_role: bool) -> Someone {
        let role = if has_role { self.text("role") } else { String::new() };
        Someone { name: self.text("name"), online: self.flag("online"), away: self.optional("away"), role }
    }

    fn departure(&self) -> Departure {
        match self.text("how").as_str() {
            "left" => Departure::Left,
            "account-deleted" => Departure::AccountDeleted,
            "room-deleted" => Departure::RoomDeleted { by: self.text("by") },
            "kicked" => Departure::Kicked { by: self.text("by"), why: self.why() },
            "banned" => Departure::Banned { by: self.text("by"), lasts: self.lasts(), why: self.why() },
            other => panic!("no departure: {other}"),
        }
    }

    fn seen(&self) -> Seen {
        let kind = self.text("type");
        self.about_rooms(&kind)
            .or_else(|| self.about_people(&kind))
            .or_else(|| self.about_oneself(&kind))
            .unwrap_or_else(|| panic!("unknown: {}", self.0))
    }

    fn about_rooms(&self, kind: &str) -> Option<Seen> {
        Some(match kind {
            "message" => Seen::Message(self.said()),
            "stored" => Seen::Stored { room: self.room(), seq: self.number("seq") },
            "created" => Seen::Created { room: self.room(), kind: self.text("visibility") },
            "entered" => Seen::Entered {
                room: self.room(),
                joined: self.flag("joined"),
                topic: self.optional("topic"),
                here: self.list("here", |row| row.someone(false)),
                recent: Vec::new(),
                last: self.number("last"),
            },
            "joined" => Seen::Joined { room: self.room(), who: self.text("name") },
            "left" => Seen::Left { room: self.room(), who: self.text("name"), how: self.departure() },
            "you_left" => Seen::YouLeft { room: self.room(), how: self.departure() },
            "rooms" => Seen::Rooms {
                page: self.page(),
                rows: self.list("rooms", |row| RoomRow {
                    room: row.room(),
                    kind: row.text("kind"),
                    members: row.number("members"),
                    online: row.number("online"),
                    topic: row.optional("topic"),
                    joined: row.flag("joined"),
                    unread: row.number("unread"),
                }),
            },
            "topic" => {
                Seen::Topic { room: self.room(), topic: self.optional("topic").map(|topic| (topic, self.text("by"))) }
            }
            "room" => Seen::Room(RoomShown {
                room: self.room(),
                kind: self.text("kind"),
                topic: self.optional("topic"),
                owner: self.optional("owner"),
                moderators: self.words("moderators"),
                members: self.number("members"),
                online: self.number("online"),
                last: self.number("last"),
                unread: self.number("unread"),
                invited: self.words("invited"),
                codes: self.words("codes"),
            }),
            "topic_set" => Seen::TopicSet { room: self.room(), topic: self.optional("topic"), by: self.text("by") },
            "visibility_set" => {
                Seen::VisibilitySet { room: self.room(), kind: self.text("visibility"), by: self.text("by") }
            }
            "renamed" => Seen::Renamed { room: self.room(), name: label(&self.text("name")), by: self.text("by") },
            "role_set" => {
                let (who, by) = (self.text("name"), self.optional("by").unwrap_or_default());
                let by = if by == who { String::new() } else { by };
                Seen::RoleSet { room: self.room(), who, role: self.text("role"), by }
            }
            "history" => Seen::History {
                room: self.room(),
                from: self.number("from"),
                to: self.number("to"),
                last: self.number("last"),
                messages: self.list("messages", |row| row.said()),
            },
            "unread" => {
                Seen::Unread { messages: self.list("messages", |row| row.said()), remaining: self.number("remaining") }
            }
            "nothing_unread" => Seen::NothingUnread,
            "caught_up" => Seen::CaughtUp { messages: self.number("messages"), rooms: self.number("rooms") },
            _ => return None,
        })
    }

    fn about_people(&self, kind: &str) -> Option<Seen> {
        Some(match kind {
            "invited" => Seen::Invited { room: self.room(), who: self.text("name"), told: self.flag("told") },
            "invitation" => Seen::Invitation { room: self.room(), by: self.text("by") },
            "code_made" => Seen::CodeMade { room: self.room(), code: self.text("code") },
            "uninvited" => Seen::Uninvited { room: self.room(), what: self.text("name") },
            "people" => {
                let room = self.optional_room();
                let people = self.list("people", |row| row.someone(room.is_some()));
                Seen::People { room, people, page: self.page(), total: self.number("total") }
            }
            "account" => Seen::Account {
                who: self.someone(false),
                was_here: !self.field("last_seen").is_null(),
                operator: self.flag("operator"),
                rooms: self.words("rooms").iter().map(|room| label(room)).collect(),
                addresses: self.words("addresses"),
            },
            "away_set" => Seen::AwaySet(self.optional("text")),
            "not_here" => Seen::NotHere(self.someone(false)),
            "removed" => {
                let banned = match self.departure() {
                    Departure::Banned { lasts, .. } => Some(lasts),
                    Departure::Kicked { .. } => None,
                    other => panic!("not removed: {other:?}"),
                };
                Seen::Removed { room: self.room(), who: self.text("name"), banned }
            }
            "unbanned" => Seen::Unbanned { room: self.optional_room(), target: self.target() },
            "bans" => {
                let ban = |row: &Told| BanRow {
                    target: row.target(),
                    by: row.text("by"),
                    lasts: row.lasts(),
                    why: row.why(),
                };
                Seen::Bans { room: self.optional_room(), bans: self.list("bans", ban) }
            }
            "server_banned" => Seen::ServerBanned {
                target: self.target(),
                lasts: self.lasts(),
                why: self.why(),
                closed: self.number("closed"),
            },
            "server_kicked" => Seen::ServerKicked { who: self.text("name"), closed: self.number("closed") },
            "operator_set" => {
                let who = if self.flag("you") { "you".to_owned() } else { self.text("name") };
                Seen::OperatorSet { who, operator: self.flag("operator") }
            }
            _ => return None,
        })
    }

    fn about_oneself(&self, kind: &str) -> Option<Seen> {
        Some(match kind {
            "refused" => {
                assert!(!self.text("text").is_empty(), "a refusal is also told to people: {}", self.0);
                Seen::Refused(self.text("code"))
            }
            "registered" => {
                let rooms = self.list("rooms", |row| row.room());
                Seen::Registered { name: self.text("name"), room: rooms.concat() }
            }
            "logged_in" => {
                let news = self.list("rooms", |row| (row.room(), row.number("unread"), row.number("mentions")));
                let news = news.into_iter().filter(|(_, unread, _)| *unread > 0).collect();
                Seen::LoggedIn { name: self.text("name"), news, others: self.number("others") }
            }
            "logged_out" => Seen::LoggedOut { sent: self.number("sent") },
            "bye" => {
                let how = self.optional("cause").unwrap_or_else(|| self.text("reason"));
                let sent = if self.field("sent").is_null() { 0 } else { self.number("sent") };
                Seen::Bye { how, sent, why: self.why() }
            }
            "password_changed" => {
                Seen::PasswordChanged { closed: self.number("closed"), tokens: self.number("tokens") }
            }
            "token_made" => {
                Seen::TokenMade { name: self.text("name"), secret: self.text("token"), lasts: self.lasts() }
            }
            "tokens" => Seen::Tokens(self.list("tokens", |row| TokenRow {
                name: row.text("name"),
                lasts: row.lasts(),
                used: !row.field("used").is_null(),
            })),
            "token_revoked" => Seen::TokenRevoked { name: self.text("name"), closed: self.number("closed") },
            "sessions" => Seen::Sessions(self.list("sessions", |row| SessionRow {
                number: row.number("session"),
                front: if row.text("front") == "json" { Kind::Json } else { Kind::Text },
                address: row.text("address"),
                token: row.optional("token"),
                own: row.flag("own"),
            })),
            "session_closed" => Seen::SessionClosed(self.number("session")),
            _ => return None,
        })
    }
}

/// A room as the suite calls it.
fn label(room: &str) -> String {
    if room.starts_with('@') { room.to_owned() } else { format!("#{room}") }
}
