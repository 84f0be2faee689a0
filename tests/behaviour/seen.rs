//! Short constructors of expected events. All moments are [`SOME_TIME`], and all numbers of rooms
//! [`SOME_ROOM`], by which the client replaces every one.

use chat_server::chat::{
    Departure, EnteredRoom, Event, Message, MessageKind, Person, Role, RoomChange, RoomId, RoomLabel, RoomRow,
    ShownRoom, Text, Timestamp,
};
use chat_server::protocol::json::{Bye, Object};

use super::ask::{name, room};

/// Any moment.
pub const SOME_TIME: Timestamp = Timestamp(0);
/// Any room.
pub const SOME_ROOM: RoomId = RoomId(0);

/// A room as it is shown, with the number by which the client replaces every number of a room.
pub fn shown(label: RoomLabel) -> ShownRoom {
    ShownRoom { id: SOME_ROOM, label }
}

/// A message: number, room, author, text.
pub fn said(seq: u64, label: &str, by: &str, text: &str) -> Message {
    let kind = MessageKind::Speech;
    Message {
        room: shown(room(label)),
        seq,
        at: SOME_TIME,
        author: name(by),
        kind,
        program: false,
        text: Text::from(text),
    }
}

/// An action: number, room, author, text.
pub fn done(seq: u64, label: &str, by: &str, text: &str) -> Message {
    Message { kind: MessageKind::Action, ..said(seq, label, by, text) }
}

pub fn message(seq: u64, label: &str, by: &str, text: &str) -> Object {
    Event::Message(said(seq, label, by, text)).into()
}

pub fn action(seq: u64, label: &str, by: &str, text: &str) -> Object {
    Event::Message(done(seq, label, by, text)).into()
}

pub fn stored(label: &str, seq: u64) -> Object {
    Event::Stored { room: shown(room(label)), seq, at: SOME_TIME, requested: true }.into()
}

/// The answer to a join of a room in which only `owner` is; `messages` is the newest number.
pub fn joined(label: &str, owner: &str, messages: u64) -> Object {
    entered(label, true, vec![member(owner, Role::Owner)], messages)
}

/// The answer to entering a room without a topic in which all other members are online.
pub fn entered(label: &str, joined: bool, here: Vec<Person>, messages: u64) -> Object {
    let members = if label.starts_with('@') { 2 } else { here.len() as u64 + 1 };
    let (topic, more) = (None, 0);
    Event::Entered(EnteredRoom { room: shown(room(label)), topic, joined, here, more, members, messages }).into()
}

/// All rooms, on one page.
pub fn all_rooms(rows: Vec<RoomRow>) -> Object {
    Event::RoomList { rows, page: 1, pages: 1 }.into()
}

/// All members of a room, or all who are online, on one page.
pub fn all_people(label: Option<&str>, rows: Vec<Person>) -> Object {
    let total = rows.len() as u64;
    Event::People { room: label.map(|label| shown(room(label))), rows, total, page: 1, pages: 1 }.into()
}

/// Somebody online, where no room is shown.
pub fn online(who: &str) -> Person {
    Person { name: name(who), online: true, away: None, role: None }
}

/// Somebody online with a role.
pub fn member(who: &str, role: Role) -> Person {
    Person { role: Some(role), ..online(who) }
}

pub fn offline(who: Person) -> Person {
    Person { online: false, ..who }
}

pub fn away(who: Person, text: &str) -> Person {
    Person { away: Some(Text::from(text)), ..who }
}

pub fn has_joined(label: &str, who: &str) -> Object {
    Event::MemberJoined { room: shown(room(label)), who: name(who) }.into()
}

pub fn left(label: &str, who: &str, departure: Departure) -> Object {
    Event::MemberLeft { room: shown(room(label)), who: name(who), departure }.into()
}

pub fn you_left(label: &str, departure: Departure) -> Object {
    Event::YouLeft { room: shown(room(label)), departure, now: None }.into()
}

pub fn removed(label: &str, who: &str, departure: Departure) -> Object {
    Event::Removed { room: shown(room(label)), who: name(who), departure }.into()
}

pub fn kicked(by: &str, why: &str) -> Departure {
    Departure::Kicked { by: name(by), why: Text::from(why) }
}

/// A ban; permanent unless `until` is given.
pub fn banned(by: &str, until: Option<Timestamp>, why: &str) -> Departure {
    Departure::Banned { by: name(by), until, why: Text::from(why) }
}

/// A change of a room; `by` is `None` where a rule of the server did it.
pub fn changed(label: &str, by: Option<&str>, change: RoomChange) -> Object {
    Event::RoomChanged { room: shown(room(label)), by: by.map(name), change }.into()
}

pub fn role_set(label: &str, who: &str, role: Role, by: Option<&str>) -> Object {
    changed(label, by, RoomChange::Role { who: name(who), role })
}

/// The closing line after `sent` messages: for a reason, or for `signed-out` with this cause.
pub fn bye(how: &str, sent: u64) -> Object {
    let causes = ["account-deleted", "password-changed", "token-revoked", "token-expired", "closed-elsewhere"];
    let (reason, cause) = if causes.contains(&how) { ("signed-out", Some(how.to_owned())) } else { (how, None) };
    let reason = reason.to_owned();
    Object::Bye(Bye { reason, cause, text: None, sent: Some(sent), by: None, until: None, why: Text::from("") })
}

/// The closing line of somebody whom an operator put out for a reason.
pub fn bye_because(how: &str, by: &str, why: &str) -> Object {
    let Object::Bye(bye) = bye(how, 0) else { unreachable!("it is one") };
    Object::Bye(Bye { by: Some(name(by)), why: Text::from(why), ..bye })
}

/// A page of history that has all messages of the room.
pub fn whole_history(label: &str, messages: &[Message]) -> Object {
    let last = messages.len() as u64;
    Object::History { room: shown(room(label)), from: 1, to: last, last, messages: messages.to_vec() }
}

/// A page of unread messages.
pub fn unread(messages: Vec<Message>, remaining: u64) -> Object {
    Object::Unread { messages, remaining }
}

/// The parts of a welcome: the name; the rooms with unread messages, with the numbers of these and of mentions; the number
/// of the account's other connections.
#[track_caller]
pub fn welcome(seen: &[Object]) -> (String, Vec<(RoomLabel, u64, u64)>, u64) {
    let [Object::Event(Event::LoggedIn(welcome))] = seen else { panic!("{seen:#?}") };
    let unread = welcome.missed.iter().filter(|row| row.new > 0);
    let unread = unread.map(|row| (row.room.label.clone(), row.new, row.mentions)).collect();
    (welcome.name.to_string(), unread, welcome.others)
}

/// The welcome of an account without unread messages.
pub fn welcome_to(name: &str, others: u64) -> (String, Vec<(RoomLabel, u64, u64)>, u64) {
    (name.to_owned(), Vec::new(), others)
}
