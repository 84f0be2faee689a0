//! Events as lines for people.
//!
//! Owns the wording of everything that the chat tells, and the grammar of its lines: `[09:30] #tea bob: text` is a
//! message, `-- text` is what the server says, `-! text` is what it refused. Never writes anything but whole lines of
//! UTF-8 without control characters, each ended by CR LF, and never cuts a message.

mod change;
mod invitation;
#[cfg(test)]
mod material;
mod membership;
mod moderation;
#[cfg(test)]
pub(super) mod oracle;
mod pen;
mod people;
mod phrase;
mod room;
mod session;
mod token;
mod welcome;

use std::io::Write;

use crate::chat::{Event, Message, MessageKind, RoomLabel, Seq, Timestamp};

use super::clock::Clock;
use super::refusal::refusal_text;
use pen::Pen;

pub use pen::{notice, refused};
pub(super) use phrase::{Label, count, few};

/// Appends the lines that tell `event` to somebody who reads them `now`.
pub fn event(event: &Event, now: Timestamp, clock: &Clock, out: &mut Vec<u8>) {
    let pen = &mut Pen { now, clock, out };
    match event {
        Event::Message(said) => message(said, now, clock, pen.out),
        Event::Stored { room, seq, at: _ } => pen.say(&format!("saved {} {seq}", Label(room))),
        Event::Refused(refusal) => refused(&refusal_text(refusal, now, clock), pen.out),

        Event::Registered { name, room, here, more, messages } => {
            welcome::registered(name, room, pen);
            phrase::say_who_is_here(here, *more, *messages, pen);
        }
        Event::LoggedIn { name, last_seen, room, away, missed, invitations, others } => {
            welcome::welcome_back(name, *last_seen, missed, pen);
            welcome::state(room.as_ref(), away.as_ref(), *others, pen);
            invitations.iter().for_each(|invitation| invitation::received(invitation, pen));
        }
        Event::Ended { name, farewell, sent, rooms } => session::ended(name, farewell, *sent, rooms, pen),
        Event::AcksSet { on } => session::acks_set(*on, pen),
        Event::PasswordChanged { closed, tokens } => session::password_changed(*closed, *tokens, pen),
        Event::TokenMade { name, secret, until } => token::made(name, secret, *until, pen),
        Event::Tokens { rows } => token::list(rows, pen),
        Event::TokenRevoked { name, closed } => token::revoked(name, *closed, pen),
        Event::Sessions { rows } => token::sessions(rows, pen),
        Event::SessionClosed { session } => token::session_closed(*session, pen),

        Event::Created { room, visibility } => room::created(room, *visibility, pen),
        Event::Entered { room, topic, joined, here, more, messages } => {
            membership::entered(room, topic.as_ref(), *joined, pen);
            phrase::say_who_is_here(here, *more, *messages, pen);
        }
        Event::DirectOpened { with, messages, back } => membership::direct_opened(with, *messages, back.as_ref(), pen),
        Event::MemberJoined { room, who } => pen.say(&format!("{who} joined {}.", Label(room))),
        Event::MemberLeft { room, who, departure } => membership::member_left(room, who, departure, pen),
        Event::YouLeft { room, departure, now } => membership::you_left(room, departure, now.as_ref(), pen),
        Event::RoomList { rows, page, pages } => room::list(rows, *page, *pages, pen),
        Event::Topic { room, topic } => room::topic(room, topic.as_ref(), pen),
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
            codes,
        } => {
            room::kind(room, *visibility, *created, pen);
            room::about(topic.as_ref(), *messages, *unread, pen);
            room::people(owner.as_ref(), moderators, *members, *online, pen);
            invitation::open(invited, codes, pen);
        }
        Event::RoomChanged { room, by, change } => change::changed(room, by.as_ref(), change, pen),

        Event::Invited { who, room, until, told } => invitation::made(who, room, *until, *told, pen),
        Event::InvitationReceived(invitation) => invitation::received(invitation, pen),
        Event::CodeMade { room, code, until } => invitation::code_made(room, code, *until, pen),
        Event::Uninvited { what, room } => invitation::taken_back(what, room, pen),

        Event::People { room, rows, total, page, pages } => {
            people::list(room.as_ref(), rows, *total, (*page, *pages), pen);
        }
        Event::Account { who, created, last_seen, operator, rooms, addresses } => {
            people::whereabouts(who, *last_seen, pen);
            people::account(*created, *operator, rooms, addresses, pen);
        }
        Event::AwaySet { text } => people::away_set(text.as_ref(), pen),
        Event::NotHere { who } => people::not_here(who, pen),

        Event::NothingUnread => pen.say("Nothing is unread."),
        Event::CaughtUp { messages: 0, .. } => pen.say("Nothing was unread."),
        Event::CaughtUp { messages, rooms } => {
            pen.say(&format!("{} in {} marked as read.", count(*messages, "message"), count(*rooms, "room")));
        }
        Event::NoMessages { room: RoomLabel::Direct(name) } => pen.say(&format!("No messages with {name} yet.")),
        Event::NoMessages { room } => pen.say(&format!("No messages in {} yet.", Label(room))),

        Event::Removed { room, who, departure } => moderation::removed(room, who, departure, pen),
        Event::Unbanned { room, target } => moderation::unbanned(room.as_ref(), target, pen),
        Event::Bans { room, rows } => moderation::bans(room.as_ref(), rows, pen),
        Event::ServerBanned { ban, closed } => moderation::server_banned(ban, *closed, pen),
        Event::ServerKicked { who, closed } => moderation::server_kicked(who, *closed, pen),
        Event::OperatorSet { who, operator, you } => moderation::operator_set(who, *operator, *you, pen),
    }
}

/// Appends a message: `[09:30] #tea bob: text`, or `[09:30] #tea * bob waves`.
pub fn message(message: &Message, now: Timestamp, clock: &Clock, out: &mut Vec<u8>) {
    message_line(message, None, now, clock, out);
}

/// Appends a message with its number, by which a reader may point at it: `[09:30] #tea 212 bob: text`.
pub(super) fn numbered(message: &Message, now: Timestamp, clock: &Clock, out: &mut Vec<u8>) {
    message_line(message, Some(message.seq), now, clock, out);
}

/// Appends the line that tells which day it is now: `-- Sunday 22 November`.
pub fn new_day(now: Timestamp, clock: &Clock, out: &mut Vec<u8>) {
    notice(&clock.long_day(now), out);
}

/// Done for each message of each turn, so bytes are copied straight to where they go. That the parts can be shown is
/// what [`Name`](crate::chat::Name) and [`Text`](crate::chat::Text) stand for.
fn message_line(message: &Message, number: Option<Seq>, now: Timestamp, clock: &Clock, out: &mut Vec<u8>) {
    clock.stamp(message.at, now, out);
    let (mark, room) = match &message.room {
        RoomLabel::Room(name) => (b'#', name),
        RoomLabel::Direct(name) => (b'@', name),
    };
    out.push(mark);
    out.extend_from_slice(room.as_str().as_bytes());
    out.push(b' ');
    if let Some(number) = number {
        write!(out, "{number} ").expect("a vector takes every byte");
    }
    let (before, after): (&[u8], &[u8]) = match message.kind {
        MessageKind::Speech => (b"", b": "),
        MessageKind::Action => (b"* ", b" "),
    };
    out.extend_from_slice(before);
    out.extend_from_slice(message.author.as_str().as_bytes());
    out.extend_from_slice(after);
    out.extend_from_slice(message.text.as_str().as_bytes());
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::oracle::{NOW, at, check, checked_lines, direct, name, room, said};
    use super::*;
    use crate::chat::{Refusal, Text};

    #[test]
    fn a_message_names_its_room_and_its_author() {
        check(Event::Message(said(room("tea"), 1, "2026-11-22T09:30:00Z", "text")), &["[09:30] #tea bob: text"]);
        check(Event::Message(said(direct("bob"), 1, "2026-11-22T09:30:00Z", "text")), &["[09:30] @bob bob: text"]);
        check(
            Event::Message(Message {
                kind: MessageKind::Action,
                ..said(room("tea"), 1, "2026-11-22T09:30:00Z", "waves")
            }),
            &["[09:30] #tea * bob waves"],
        );
        check(
            Event::Message(said(room("tea"), 1, "2026-11-21T23:59:00Z", "late")),
            &["[2026-11-21 23:59] #tea bob: late"],
        );
        let long = "x".repeat(2000);
        check(
            Event::Message(said(room("tea"), 1, "2026-11-22T09:30:00Z", &long)),
            &[&format!("[09:30] #tea bob: {long}")],
        );
    }

    #[test]
    fn a_numbered_message_can_be_pointed_at() {
        let mut out = Vec::new();
        let waves = Message { kind: MessageKind::Action, ..said(room("tea"), 12, "2026-11-22T09:30:00Z", "waves") };
        numbered(&said(room("tea"), 212, "2026-11-21T18:02:00Z", "text"), NOW, &Clock::utc(), &mut out);
        numbered(&waves, NOW, &Clock::utc(), &mut out);
        assert_eq!(checked_lines(&out), ["[2026-11-21 18:02] #tea 212 bob: text", "[09:30] #tea 12 * bob waves"]);
    }

    #[test]
    fn short_answers_are_one_line() {
        check(Event::Stored { room: room("tea"), seq: 215, at: NOW }, &["-- saved #tea 215"]);
        check(Event::MemberJoined { room: room("tea"), who: name("bob") }, &["-- bob joined #tea."]);
        check(Event::NothingUnread, &["-- Nothing is unread."]);
        check(Event::CaughtUp { messages: 0, rooms: 0 }, &["-- Nothing was unread."]);
        check(Event::CaughtUp { messages: 1, rooms: 1 }, &["-- 1 message in 1 room marked as read."]);
        check(Event::CaughtUp { messages: 12, rooms: 3 }, &["-- 12 messages in 3 rooms marked as read."]);
        check(Event::NoMessages { room: room("tea") }, &["-- No messages in #tea yet."]);
        check(Event::NoMessages { room: direct("bob") }, &["-- No messages with bob yet."]);
        check(
            Event::Refused(Refusal::NothingToChange { room: room("tea") }),
            &["-! #tea is like that already. Nothing was changed. /room #tea shows how it is."],
        );
    }

    #[test]
    fn a_day_starts_with_its_name() {
        let mut out = Vec::new();
        new_day(at("2026-11-22T00:00:00Z"), &Clock::utc(), &mut out);
        assert_eq!(out, b"-- Sunday 22 November\r\n");
    }

    /// What a message costs, which every delivery pays once: `cargo test --release -- --ignored --nocapture cost`.
    #[test]
    #[ignore = "measures, does not check"]
    fn cost_of_a_message() {
        let said = Message {
            text: Text::from("bob, shall we plan the surprise here?"),
            ..said(room("tea"), 1, "2026-11-22T09:30:00Z", "")
        };
        for clock in [Clock::utc(), Clock::system()] {
            let mut out = Vec::with_capacity(1 << 20);
            let start = std::time::Instant::now();
            for round in 0..5_000_000u32 {
                if round % 10_000 == 0 {
                    out.clear();
                }
                message(std::hint::black_box(&said), std::hint::black_box(NOW), &clock, &mut out);
            }
            println!("{clock:?}: {:?} a message", start.elapsed() / 5_000_000);
        }
    }
}
