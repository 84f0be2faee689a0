//! Events as objects, one a line.

use std::collections::BTreeMap;

use super::fields::Wrong;
use super::object::{
    self, Ban, Departure, Invitation, Object, OwnRoom, Person, RoomRow, Said, SessionRow, Target, TokenRow,
};
use super::reference::Reference;
use super::refusal::Details;
use super::value::{self, Label, Moment, Word, codes, kind_of_room, labels, name, names, role, text, visibility, why};
use super::{DEPTH_MAX, REFERENCE_MAX_BYTES, VERSION};
use crate::chat::{
    self, BanRow, Event, Farewell, Grant, InvitationRow, Message, Missed, Presence, Purpose, Refusal, RoomChange,
    RoomLabel, SEND_KEY_MAX_BYTES, Seq, Timestamp,
};
use crate::protocol::text::{Clock, refusal_text};

/// What a program is told on connecting.
#[derive(Clone, Debug)]
pub struct Hello<'a> {
    /// The server's name.
    pub server: &'a str,
    /// Longest line that may come.
    pub line_max_bytes: usize,
    /// Longest message.
    pub message_max_bytes: u64,
    /// Most messages of one page of history.
    pub history_page_max: u64,
    /// So many lines may come at once.
    pub rate_burst_lines: u64,
    /// So many a second in the long run.
    pub rate_lines_per_s: u64,
    /// Time for logging in.
    pub login_timeout_s: u64,
}

/// Appends an object with its reference, and the line end.
fn line(object: &Object, reference: Option<&Reference>, out: &mut Vec<u8>) {
    serde_json::to_writer(&mut *out, object).expect("a vector takes every byte, and every key is a string");
    if let Some(reference) = reference {
        out.pop();
        out.extend_from_slice(b",\"ref\":");
        out.extend_from_slice(reference.as_json().as_bytes());
        out.push(b'}');
    }
    out.push(b'\n');
}

/// Appends the first object of a connection.
pub fn hello(hello: &Hello, now: Timestamp, out: &mut Vec<u8>) {
    let limits = object::Limits {
        line_max_bytes: hello.line_max_bytes,
        depth_max: DEPTH_MAX,
        ref_max_bytes: REFERENCE_MAX_BYTES,
        key_max_bytes: SEND_KEY_MAX_BYTES,
        message_max_bytes: hello.message_max_bytes,
        history_page_max: hello.history_page_max,
        rate_burst_lines: hello.rate_burst_lines,
        rate_lines_per_s: hello.rate_lines_per_s,
        login_timeout_s: hello.login_timeout_s,
    };
    let (server, version, time) = (hello.server, crate::VERSION, Moment(now));
    line(&Object::Hello { server, version, protocol: VERSION, time, limits }, None, out);
}

/// Appends the answer to a ping.
pub fn pong(now: Timestamp, reference: Option<&Reference>, out: &mut Vec<u8>) {
    line(&Object::Pong { time: Moment(now) }, reference, out);
}

/// Appends the answer to a request of which there is nothing to tell.
pub fn done(reference: Option<&Reference>, out: &mut Vec<u8>) {
    line(&Object::Done, reference, out);
}

/// Appends that lines are taken slowly from now on: so many a second after so many at once; who has more than
/// `delayed_lines_max` of them waiting is cut.
pub fn slow_down(lines_per_s: u64, burst_lines: u64, delayed_lines_max: u64, out: &mut Vec<u8>) {
    line(&Object::SlowDown { lines_per_s, burst_lines, delayed_lines_max }, None, out);
}

/// Appends the last object of a connection: `reason` is the word for it, `text` tells it to people.
pub fn bye(reason: &str, text: Option<&str>, reference: Option<&Reference>, out: &mut Vec<u8>) {
    let bye = Object::Bye { reason, cause: None, text, sent: None, until: None, why: None };
    line(&bye, reference, out);
}

/// Appends a refusal.
pub fn refused(refusal: &Refusal, reference: Option<&Reference>, now: Timestamp, clock: &Clock, out: &mut Vec<u8>) {
    let (code, text) = (refusal.code(), refusal_text(refusal, now, clock));
    line(&Object::Refused { code, text: &text, details: Details::of(refusal) }, reference, out);
}

/// Appends what is wrong with a line.
pub fn wrong(wrong: &Wrong, reference: Option<&Reference>, out: &mut Vec<u8>) {
    line(&Object::Refused { code: wrong.code, text: &wrong.text, details: Details::default() }, reference, out);
}

/// Appends a message, as it is delivered.
pub fn message(message: &Message, out: &mut Vec<u8>) {
    line(&Object::Message(said(message)), None, out);
}

/// How many bytes a message takes on a page, at most.
pub fn message_bytes(message: &Message) -> usize {
    // What is around the text: names of fields, two names of people or rooms, a moment, a number.
    const AROUND: usize = 180;
    let escaped = message.text.as_str().bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    AROUND + message.text.len() + escaped
}

/// Appends a page of history, or of what was unread, that was read as `grant` allowed.
pub fn page(messages: &[Message], grant: &Grant, reference: Option<&Reference>, out: &mut Vec<u8>) {
    let messages = messages.iter().map(said).collect();
    let object = match (grant.purpose, grant.ranges.first()) {
        (Purpose::Unread { remaining }, _) => Object::Unread { messages, remaining },
        (_, Some(range)) => {
            let room = Label(&range.label);
            Object::History { room, from: range.from, to: range.to, last: range.last, messages }
        }
        (_, None) => Object::Done,
    };
    line(&object, reference, out);
}

/// Appends that everything missed has been given: by room up to which number; and the rooms in which one is no more.
pub fn resumed(rooms: &[(RoomLabel, Seq)], gone: &[RoomLabel], reference: Option<&Reference>, out: &mut Vec<u8>) {
    let label = |label: &RoomLabel| match label {
        RoomLabel::Room(name) => name.as_str().to_owned(),
        RoomLabel::Direct(name) => format!("@{name}"),
    };
    let rooms: BTreeMap<String, Seq> = rooms.iter().map(|(room, seq)| (label(room), *seq)).collect();
    line(&Object::Resumed { rooms, gone: labels(gone) }, reference, out);
}

/// Appends the object that tells `event`.
pub fn event(event: &Event, reference: Option<&Reference>, now: Timestamp, clock: &Clock, out: &mut Vec<u8>) {
    let object = match event {
        Event::Refused(refusal) => return refused(refusal, reference, now, clock, out),
        Event::Ended { farewell, sent, .. } => ended(farewell, *sent),

        Event::Message(message) => Object::Message(said(message)),
        Event::Stored { room, seq, at } => Object::Stored { room: Label(room), seq: *seq, at: Moment(*at) },

        Event::Registered { name: own, room, messages, .. } => {
            let rooms = vec![OwnRoom { room: Label(room), last: *messages, unread: 0, mentions: 0 }];
            Object::Registered { name: name(own), rooms }
        }
        Event::LoggedIn { name: own, last_seen, room: _, away, missed, invitations, others } => Object::LoggedIn {
            name: name(own),
            last_seen: last_seen.map(Moment),
            away: away.as_ref().map(text),
            others: *others,
            rooms: missed.iter().map(own_room).collect(),
            invitations: invitations.iter().map(invitation).collect(),
        },
        Event::AcksSet { on } => Object::AcksSet { on: *on },
        Event::PasswordChanged { closed, tokens } => Object::PasswordChanged { closed: *closed, tokens: *tokens },
        Event::TokenMade { name: token, secret, until } => {
            Object::TokenMade { name: name(token), token: Word(&secret.0), until: until.map(Moment) }
        }
        Event::Tokens { rows } => Object::Tokens { tokens: rows.iter().map(token).collect() },
        Event::TokenRevoked { name: token, closed } => Object::TokenRevoked { name: name(token), closed: *closed },
        Event::Sessions { rows } => Object::Sessions { sessions: rows.iter().map(|row| session(row, now)).collect() },
        Event::SessionClosed { session } => Object::SessionClosed { session: session.0 },

        Event::Created { room, visibility: kind } => {
            Object::Created { room: Label(room), visibility: visibility(*kind) }
        }
        Event::Entered { room, topic, joined, here, more, messages } => Object::Entered {
            room: Label(room),
            joined: *joined,
            topic: topic.as_ref().map(text),
            last: *messages,
            here: here.iter().map(member).collect(),
            more: *more,
        },
        Event::DirectOpened { with, messages, back: _ } => {
            return direct_opened(with, *messages, reference, out);
        }
        Event::MemberJoined { room, who } => Object::Joined { room: Label(room), name: name(who) },
        Event::MemberLeft { room, who, departure: how } => {
            Object::Left { room: Label(room), name: name(who), departure: departure(how) }
        }
        Event::YouLeft { room, departure: how, now: _ } => {
            Object::YouLeft { room: Label(room), departure: departure(how) }
        }
        Event::RoomList { rows, page, pages } => {
            Object::Rooms { rooms: rows.iter().map(room_row).collect(), page: *page, pages: *pages }
        }
        Event::Topic { room, topic } => Object::Topic {
            room: Label(room),
            topic: topic.as_ref().map(|(topic, ..)| text(topic)),
            by: topic.as_ref().map(|(_, by, _)| name(by)),
            at: topic.as_ref().map(|(.., at)| Moment(*at)),
        },
        Event::RoomShown {
            room,
            visibility,
            topic,
            created,
            owner,
            moderators,
            members,
            online,
            messages,
            unread,
            invited,
            codes: open,
        } => Object::Room {
            room: Label(room),
            kind: kind_of_room(*visibility),
            topic: topic.as_ref().map(text),
            created: Moment(*created),
            owner: owner.as_ref().map(name),
            moderators: names(moderators),
            members: *members,
            online: *online,
            last: *messages,
            unread: *unread,
            invited: names(invited),
            codes: codes(open),
        },
        Event::RoomChanged { room, by, change } => changed(room, by.as_ref(), change),

        Event::Invited { who, room, until, told } => {
            Object::Invited { room: Label(room), name: name(who), until: Moment(*until), told: *told }
        }
        Event::InvitationReceived(row) => Object::Invitation(invitation(row)),
        Event::CodeMade { room, code, until } => {
            Object::CodeMade { room: Label(room), code: Word(code.as_str()), until: Moment(*until) }
        }
        Event::Uninvited { what, room } => Object::Uninvited { room: Label(room), name: name(what) },

        Event::People { room, rows, total, page, pages } => {
            let row = if room.is_some() { member } else { person };
            let people = rows.iter().map(row).collect();
            Object::People { room: room.as_ref().map(Label), people, total: *total, page: *page, pages: *pages }
        }
        Event::Account { who, created, last_seen, operator, rooms, addresses } => Object::Account {
            person: person(who),
            created: Moment(*created),
            last_seen: last_seen.map(Moment),
            operator: *operator,
            rooms: labels(rooms),
            addresses: addresses.iter().map(ToString::to_string).collect(),
        },
        Event::AwaySet { text: away } => Object::AwaySet { text: away.as_ref().map(text) },
        Event::NotHere { who } => Object::NotHere(person(who)),

        Event::NothingUnread => Object::NothingUnread,
        Event::CaughtUp { messages, rooms } => Object::CaughtUp { messages: *messages, rooms: *rooms },
        Event::NoMessages { room } => {
            Object::History { room: Label(room), from: 1, to: 0, last: 0, messages: Vec::new() }
        }

        Event::Removed { room, who, departure: how } => {
            Object::Removed { room: Label(room), name: name(who), departure: departure(how) }
        }
        Event::Unbanned { room, target } => {
            Object::Unbanned { room: room.as_ref().map(Label), target: Target::of(target) }
        }
        Event::Bans { room, rows } => {
            Object::Bans { room: room.as_ref().map(Label), bans: rows.iter().map(ban).collect() }
        }
        Event::ServerBanned { ban: row, closed } => Object::ServerBanned { ban: ban(row), closed: *closed },
        Event::ServerKicked { who, closed } => Object::ServerKicked { name: name(who), closed: *closed },
        Event::OperatorSet { who, operator, you } => {
            Object::OperatorSet { name: name(who), operator: *operator, you: *you }
        }
    };
    line(&object, reference, out);
}

fn ended(farewell: &Farewell, sent: u64) -> Object<'_> {
    let (reason, cause, end, reason_given) = match farewell {
        Farewell::LoggedOut => return Object::LoggedOut { sent },
        Farewell::Quit => ("quit", None, None, None),
        Farewell::AccountDeleted => ("signed-out", Some("account-deleted"), None, None),
        Farewell::PasswordChanged => ("signed-out", Some("password-changed"), None, None),
        Farewell::TokenRevoked { .. } => ("signed-out", Some("token-revoked"), None, None),
        Farewell::ClosedElsewhere => ("signed-out", Some("closed-elsewhere"), None, None),
        Farewell::Kicked { why: reason } => ("kicked", None, None, why(reason)),
        Farewell::Banned { until, why: reason } => ("banned", None, until.map(Moment), why(reason)),
    };
    Object::Bye { reason, cause, text: None, sent: Some(sent), until: end, why: reason_given }
}

/// A direct room is entered like any other.
fn direct_opened(with: &Presence, messages: Seq, reference: Option<&Reference>, out: &mut Vec<u8>) {
    let room = RoomLabel::Direct(with.name.clone());
    let here = if with.online { vec![person(with)] } else { Vec::new() };
    let entered = Object::Entered { room: Label(&room), joined: false, topic: None, last: messages, here, more: 0 };
    line(&entered, reference, out);
}

fn changed<'a>(room: &'a RoomLabel, by: Option<&'a chat::Name>, change: &'a RoomChange) -> Object<'a> {
    let (room, by) = (Label(room), by.map(name));
    match change {
        RoomChange::Topic(topic) => Object::TopicSet { room, topic: topic.as_ref().map(text), by },
        RoomChange::Visibility(kind) => Object::VisibilitySet { room, visibility: visibility(*kind), by },
        RoomChange::Renamed(new) => Object::Renamed { room, name: name(new), by },
        RoomChange::Role { who, role: new } => Object::RoleSet { room, name: name(who), role: role(*new), by },
    }
}

fn said(message: &Message) -> Said<'_> {
    Said {
        room: Label(&message.room),
        seq: message.seq,
        at: Moment(message.at),
        from: name(&message.author),
        kind: value::kind(message.kind),
        text: text(&message.text),
    }
}

fn departure(departure: &chat::Departure) -> Departure<'_> {
    let (how, by, until, why) = match departure {
        chat::Departure::Left => ("left", None, None, None),
        chat::Departure::Kicked { by, why: reason } => ("kicked", Some(by), None, why(reason)),
        chat::Departure::Banned { by, until, why: reason } => ("banned", Some(by), until.map(Moment), why(reason)),
        chat::Departure::Deleted => ("account-deleted", None, None, None),
        chat::Departure::RoomDeleted { by } => ("room-deleted", Some(by), None, None),
    };
    Departure { how, by: by.map(name), until, why }
}

fn person(presence: &Presence) -> Person<'_> {
    Person { name: name(&presence.name), online: presence.online, away: presence.away.as_ref().map(text), role: None }
}

fn member(presence: &Presence) -> Person<'_> {
    Person { role: Some(role(presence.role)), ..person(presence) }
}

fn own_room(missed: &Missed) -> OwnRoom<'_> {
    OwnRoom { room: Label(&missed.room), last: missed.last, unread: missed.new, mentions: missed.mentions }
}

fn invitation(row: &InvitationRow) -> Invitation<'_> {
    Invitation { room: name(&row.room), by: name(&row.by), until: Moment(row.until) }
}

fn token(row: &chat::TokenRow) -> TokenRow<'_> {
    TokenRow {
        name: name(&row.name),
        created: Moment(row.created),
        until: row.until.map(Moment),
        used: row.used.map(Moment),
    }
}

fn session(row: &chat::SessionRow, now: Timestamp) -> SessionRow<'_> {
    SessionRow {
        session: row.session.0,
        front: row.front.word(),
        address: row.address.to_string(),
        since: Moment(row.since),
        idle_s: u64::try_from(now.0.saturating_sub(row.heard.0) / 1000).unwrap_or(0),
        token: row.token.as_ref().map(name),
        own: row.own,
    }
}

fn room_row(row: &chat::RoomRow) -> RoomRow<'_> {
    RoomRow {
        room: Label(&row.room),
        kind: kind_of_room(row.visibility),
        members: row.members,
        online: row.online,
        topic: row.topic.as_ref().map(text),
        joined: row.joined,
        unread: row.new,
    }
}

fn ban(row: &BanRow) -> Ban<'_> {
    Ban {
        target: Target::of(&row.target),
        by: name(&row.by),
        at: Moment(row.at),
        until: row.until.map(Moment),
        why: why(&row.why),
    }
}
