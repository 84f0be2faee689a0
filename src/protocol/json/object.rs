//! Objects: what programs get, a row each.

use serde_json::Value as Json;

#[cfg(test)]
use super::codec::FromJson;
use super::codec::{Fields, Flat, Form, Group, Table, Writer, Wrong, bad, form, group, table};
use super::group::{Notices, RoomKind, ShownRooms};
use super::line;
use super::refusal::Refused;
#[cfg(test)]
use super::sample::Source;
use super::value::{ById, ByName, Why};
use crate::chat::{
    AccountView, EnteredRoom, Event, Farewell, Message, Missed, Name, Registration, RoomChange, RoomId, RoomLabel,
    RoomView, Seq, ShownRoom, Text, Timestamp, TopicView, Welcome,
};
use crate::protocol::Reference;

/// An object that the server sends to a program.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
pub enum Object {
    /// An event of the chat. What JSON does not carry of it is read as nothing, see `unsaid` in the table.
    Event(Event),
    /// The first object of a connection.
    Hello {
        server: String,
        version: String,
        protocol: u64,
        time: Timestamp,
        registration: Registration,
        limits: Limits,
    },
    /// The answer to `ping`.
    Pong { time: Timestamp },
    /// A page of a room's history.
    History { room: ShownRoom, from: Seq, to: Seq, last: Seq, messages: Vec<Message> },
    /// A page of unread messages; `remaining` are unread beyond it.
    Unread { messages: Vec<Message>, remaining: u64 },
    /// Everything missed was given: by room up to which number; and what the request named of which the account is no member.
    Resumed { rooms: Vec<(RoomLabel, Seq)>, room_ids: Vec<(RoomId, Seq)>, gone: Vec<RoomLabel>, gone_ids: Vec<RoomId> },
    /// Lines are delayed from now on: `lines_per_s` after a burst of `burst_lines`. The connection is closed when more
    /// than `delayed_lines_max` of them are pending.
    SlowDown { lines_per_s: u64, burst_lines: u64, delayed_lines_max: u64 },
    /// The session ended; the connection stays.
    LoggedOut { sent: u64 },
    /// The last object of a connection.
    Bye(Bye),
    /// The line was not understood.
    Wrong(Wrong),
}

/// The closing line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bye {
    /// The word of the reason.
    pub reason: String,
    /// The cause of `signed-out`.
    pub cause: Option<String>,
    /// The reason, for people.
    pub text: Option<String>,
    /// How many messages were stored in the session.
    pub sent: Option<u64>,
    /// Who kicked or banned.
    pub by: Option<Name>,
    /// Until when a ban lasts.
    pub until: Option<Timestamp>,
    /// Why somebody was kicked or banned.
    pub why: Text,
}

/// The limits that apply to a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Longest line to the server.
    pub line_max_bytes: usize,
    /// Deepest nesting of objects and lists.
    pub depth_max: usize,
    /// Longest `ref`.
    pub ref_max_bytes: usize,
    /// Longest `key`.
    pub key_max_bytes: usize,
    /// Longest message.
    pub message_max_bytes: u64,
    /// Most messages of one page of history.
    pub history_page_max: u64,
    /// How many lines may come at once.
    pub rate_burst_lines: u64,
    /// How many lines a second may come in the long run.
    pub rate_lines_per_s: u64,
    /// Time for logging in.
    pub login_timeout_s: u64,
}

table! {
    Event, start: typed;

    "message" = [Event::Message(message)] { message as Flat };
    "stored" = [Event::Stored { room, seq, at, requested }] { room as Flat, seq, at } unsaid { requested: true };
    "refused" = [Event::Refused(refusal)] { refusal as Refused };

    // Sessions
    "registered" = [Event::Registered { name, room: rooms }] { name, rooms as FirstRoom };
    "logged_in" = [Event::LoggedIn(Welcome {
        name, last_seen, room, away, others, missed: rooms, more, more_unread, invitations,
        more_invitations, notices
    })] { name, last_seen, away, others, rooms, more, more_unread, invitations, more_invitations, notices as Notices } unsaid { room: None };
    "acks_set" = [Event::AcksSet { on }] { on };
    "password_changed" = [Event::PasswordChanged { closed, tokens }] { closed, tokens };
    "token_made" = [Event::TokenCreated { name, secret: token, scope, until }] { name, token, scope, until };
    "tokens" = [Event::Tokens { rows: tokens }] { tokens };
    "token_revoked" = [Event::TokenRevoked { name, closed }] { name, closed };
    "sessions" = [Event::Sessions { rows: sessions, total, page, pages }] { sessions, total, page, pages };
    "session_closed" = [Event::SessionClosed { session }] { session };

    // Rooms
    "created" = [Event::Created { room, visibility }] { room as Flat, visibility };
    "entered" = [Event::Entered(EnteredRoom { room, joined, topic, messages: last, members, here, more })]
        { room as Flat, joined, topic as Flat, last, members, here, more };
    "joined" = [Event::MemberJoined { room, who: name }] { room as Flat, name };
    "left" = [Event::MemberLeft { room, who: name, departure }] { room as Flat, name, departure as Flat };
    "you_left" = [Event::YouLeft { room, departure, now }] { room as Flat, departure as Flat } unsaid { now: None };
    "rooms" = [Event::RoomList { rows: rooms, page, pages }] { rooms, page, pages };
    "own_rooms" = [Event::OwnRooms { rows: rooms, total, page, pages }] { rooms, total, page, pages };
    "topic" = [Event::Topic { room, topic }] { room as Flat, topic as TopicOnly };
    "room" = [Event::RoomShown(RoomView {
        room, visibility: kind, topic, created, owner, moderators, members, online, messages: last, unread, invited, codes
    })] { room as Flat, kind as RoomKind, topic as Flat, created, owner, moderators, members, online, last, unread, invited, codes };
    "topic_set" = [Event::RoomChanged { room, by, change: RoomChange::Topic(topic) }] { room as Flat, topic, by };
    "visibility_set" = [Event::RoomChanged { room, by, change: RoomChange::Visibility(visibility) }]
        { room as Flat, visibility, by };
    "renamed" = [Event::RoomChanged { room, by, change: RoomChange::Renamed(name) }] { room as Flat, name, by };
    "role_set" = [Event::RoomChanged { room, by, change: RoomChange::Role { who: name, role } }]
        { room as Flat, name, role, by };

    // Invitations
    "invited" = [Event::Invited { room, who: name, until, notified: told }] { room as Flat, name, until, told };
    "invitation" = [Event::InvitationReceived(row)] { row as Flat };
    "code_made" = [Event::CodeCreated { room, code, until }] { room as Flat, code, until };
    "uninvited" = [Event::Uninvited { room, what: name }] { room as Flat, name };

    // People
    "people" = [Event::People { room, rows: people, total, page, pages }] { room as Flat, people, total, page, pages };
    "account" = [Event::Account(AccountView { who, created, last_seen, operator, rooms, addresses })]
        { who as Flat, created, last_seen, operator, rooms as ShownRooms, addresses };
    "away_set" = [Event::AwaySet { text }] { text };
    "not_here" = [Event::NotHere { who }] { who as Flat };
    "presence" = [Event::Presence { who, change }] { who as Flat, change };

    // Reading
    "nothing_unread" = [Event::NothingUnread] {};
    "caught_up" = [Event::CaughtUp { messages, rooms }] { messages, rooms };
    "read_set" = [Event::ReadSet { room, up_to, unread, mentions }] { room as Flat, up_to, unread, mentions };

    // Moderation
    "removed" = [Event::Removed { room, who: name, departure }] { room as Flat, name, departure as Flat };
    "unbanned" = [Event::Unbanned { room, target }] { room as Flat, target as Flat };
    "bans" = [Event::Bans { room, rows: bans, total, page, pages }] { room as Flat, bans, total, page, pages };
    "server_banned" = [Event::ServerBanned { ban, closed }] { ban as Flat, closed };
    "server_kicked" = [Event::ServerKicked { who: name, closed }] { name, closed };
    "registration" = [Event::RegistrationShown { registration }] { registration };
    "registration_code" = [Event::RegistrationCodeCreated { code, until }] { code, until };
    "password_code" = [Event::PasswordCodeCreated { who: name, code, until }] { name, code, until };
    "name_freed" = [Event::NameFreed { name }] { name };
    "notice" = [Event::Notice { at, notice }] { at, notice as Flat };
    "operator_set" = [Event::OperatorSet { who: name, operator, you, by }] { name, operator, you, by };

    written(writer) {
        Event::Ended { farewell, sent, .. } => Object::ended(farewell, *sent).write(writer),
        Event::NoMessages { room } => {
            Object::History { room: room.clone(), from: 1, to: 0, last: 0, messages: Vec::new() }.write(writer)
        },
        // A direct room is entered like any other.
        Event::DirectOpened { room, with, messages, back: _ } => {
            writer.field("type", "entered");
            Flat::write(room, "room", writer);
            writer.field("joined", &false);
            Flat::write(&None::<TopicView>, "", writer);
            writer.field("last", messages);
            writer.field("members", &2_u64);
            writer.field("here", &Vec::from_iter(with.online.then(|| with.clone())));
            writer.field("more", &0_u64);
        },
    }
}

/// The first field of objects and requests.
pub(super) fn typed<T>(_: &T, word: &str, writer: &mut Writer) {
    writer.field("type", word);
}

table! {
    Object, start: typed;

    "hello" = [Object::Hello { server, version, protocol, time, registration, limits }]
        { server, version, protocol, time, registration, limits };
    "pong" = [Object::Pong { time }] { time };
    "history" = [Object::History { room, from, to, last, messages }] { room as Flat, from, to, last, messages };
    "unread" = [Object::Unread { messages, remaining }] { messages, remaining };
    "resumed" = [Object::Resumed { rooms, room_ids, gone, gone_ids }]
        { rooms as ByName, room_ids as ById, gone, gone_ids };
    "slow_down" = [Object::SlowDown { lines_per_s, burst_lines, delayed_lines_max }]
        { lines_per_s, burst_lines, delayed_lines_max };
    "logged_out" = [Object::LoggedOut { sent }] { sent };
    "bye" = [Object::Bye(Bye { reason, cause, text, sent, by, until, why })]
        { reason, cause, text, sent, by, until, why as Why };
    "refused" = [Object::Wrong(wrong)] { wrong as Flat };

    written(writer) {
        Object::Event(event) => event.write(writer),
    }
}

group! {
    Limits = [Limits {
        line_max_bytes, depth_max, ref_max_bytes, key_max_bytes, message_max_bytes, history_page_max, rate_burst_lines,
        rate_lines_per_s, login_timeout_s
    }] {
        line_max_bytes, depth_max, ref_max_bytes, key_max_bytes, message_max_bytes, history_page_max, rate_burst_lines,
        rate_lines_per_s, login_timeout_s
    }
}

impl From<Event> for Object {
    fn from(event: Event) -> Object {
        Object::Event(event)
    }
}

impl Object {
    /// Reads a line, with the reference of the request that it answers.
    pub fn decode(line: &[u8]) -> Result<(Option<Reference>, Object), Wrong> {
        let mut fields = line::fields(line)?;
        let reference = line::reference(&mut fields)?;
        let word: String = fields.get("type")?;
        let is_wrong = fields.0.get("code").and_then(Json::as_str).is_some_and(|code| Wrong::CODES.contains(&code));
        let event = if word == "refused" && is_wrong { None } else { Event::read(&word, &mut fields)? };
        let object = match event {
            Some(event) => Object::Event(event),
            None => Object::read(&word, &mut fields)?.ok_or_else(|| bad("type", "a known type"))?,
        };
        Ok((reference, object))
    }

    /// Appends the line. Events are better given to [`Json`](super::Json), which knows when they are read.
    pub fn encode(&self, reference: Option<&Reference>, out: &mut Vec<u8>) {
        line::write(self, reference, None, out);
    }

    fn ended(farewell: &Farewell, sent: u64) -> Object {
        let none = Text::from("");
        let (reason, cause, by, until, why) = match farewell {
            Farewell::LoggedOut => return Object::LoggedOut { sent },
            Farewell::Quit => ("quit", None, None, None, none),
            Farewell::AccountDeleted => ("signed-out", Some("account-deleted"), None, None, none),
            Farewell::PasswordChanged => ("signed-out", Some("password-changed"), None, None, none),
            Farewell::TokenRevoked { .. } => ("signed-out", Some("token-revoked"), None, None, none),
            Farewell::TokenExpired { .. } => ("signed-out", Some("token-expired"), None, None, none),
            Farewell::ClosedElsewhere => ("signed-out", Some("closed-elsewhere"), None, None, none),
            Farewell::Kicked { by, why } => ("kicked", None, Some(by.clone()), None, why.clone()),
            Farewell::Banned { by, until, why } => ("banned", None, Some(by.clone()), *until, why.clone()),
        };
        let (reason, cause) = (reason.to_owned(), cause.map(str::to_owned));
        Object::Bye(Bye { reason, cause, text: None, sent: Some(sent), by, until, why })
    }
}

/// The room of a new account, as a list of one.
struct FirstRoom;

impl Form<EnteredRoom> for FirstRoom {
    fn write(entered: &EnteredRoom, name: &'static str, writer: &mut Writer) {
        let room = Missed { room: entered.room.clone(), last: entered.messages, new: 0, mentions: 0 };
        writer.field(name, &vec![room]);
    }

    fn read(name: &'static str, fields: &mut Fields) -> Result<EnteredRoom, Wrong> {
        match fields.get::<Vec<Missed>>(name)?.pop() {
            Some(Missed { room, last, .. }) => {
                let (topic, here) = (None, Vec::new());
                Ok(EnteredRoom { room, topic, joined: true, here, more: 0, members: 0, messages: last })
            }
            None => Err(bad(name, "a list of one room")),
        }
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> EnteredRoom {
        let (room, messages) = (FromJson::sample(source), FromJson::sample(source));
        EnteredRoom { room, topic: None, joined: true, here: Vec::new(), more: 0, members: 0, messages }
    }
}

/// A topic where nothing else is shown: `topic`, `by` and `at`.
struct TopicOnly;

impl Form<Option<TopicView>> for TopicOnly {
    fn write(topic: &Option<TopicView>, _: &'static str, writer: &mut Writer) {
        writer.field("topic", &topic.as_ref().map(|topic| topic.text.clone()));
        writer.field("by", &topic.as_ref().map(|topic| topic.by.clone()));
        writer.field("at", &topic.as_ref().map(|topic| topic.at));
    }

    fn read(name: &'static str, fields: &mut Fields) -> Result<Option<TopicView>, Wrong> {
        match fields.get(name)? {
            Some(text) => Ok(Some(TopicView { text, by: fields.get("by")?, at: fields.get("at")? })),
            None => Ok(None),
        }
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Option<TopicView> {
        Group::sample(source)
    }
}

impl Group for Wrong {
    fn write(&self, writer: &mut Writer) {
        writer.field("code", self.code);
        writer.field("text", &*self.text);
    }

    fn read(fields: &mut Fields) -> Result<Wrong, Wrong> {
        let code: String = fields.get("code")?;
        let code = Wrong::CODES.into_iter().find(|known| *known == code).ok_or_else(|| bad("code", "a code"))?;
        Ok(Wrong { code, text: fields.get("text")? })
    }

    #[cfg(test)]
    fn sample(source: &mut Source) -> Wrong {
        Wrong { code: source.one_of(&Wrong::CODES), text: FromJson::sample(source) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(object: Object) {
        let (mut line, reference) = (Vec::new(), Reference::of("a \"word\""));
        object.encode(reference.as_ref(), &mut line);
        let end = line.pop();
        assert_eq!(end, Some(b'\n'));
        assert_eq!(Object::decode(&line), Ok((reference, object)), "{}", String::from_utf8_lossy(&line));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let source = &mut Source(&bytes);
            Event::samples(source).into_iter().map(Object::Event).for_each(check);
            Object::samples(source).into_iter().for_each(check);
        }
    }
}
