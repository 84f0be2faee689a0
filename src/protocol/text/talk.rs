//! Talk: messages in rooms and direct messages, and what their senders are shown.

use std::io::Write;

use crate::chat::{Command, Message, MessageKind, Person, Refusal, RoomLabel, Seq};

use crate::protocol::Context;

use super::line::Typed;
use super::member::earlier_messages;
use super::mistake::Mistake;
use super::pen::Pen;
use super::people::away;
use super::refusal::Advice;
use super::room::{Label, WayTo};
use super::row::{Group, NOTHING_SENT, Row};

pub(super) static ROWS: &[Row] = &[
    Row {
        name: "say",
        aliases: &[],
        group: Group::Talk,
        usages: &["/say ROOM TEXT"],
        summary: "say something in a room without going there",
        help: "Says something in any room that you are in, and leaves you where you are. In your current room just \
               type: no command is needed.",
        examples: &["/say #tea the kettle is on", "/say @bob see you at four"],
        undone: NOTHING_SENT,
        parse: |arguments| {
            let (room, kind) = (Some(arguments.room("a room and a text")?), MessageKind::Speech);
            Ok(Typed::command(Command::Say { room, kind, text: arguments.text("a text")?, key: None }))
        },
    },
    Row {
        name: "me",
        aliases: &["emote"],
        group: Group::Talk,
        usages: &["/me TEXT"],
        summary: "say what you do: * ana waves",
        help: "Says something about you in your current room: with your name in front, as a thing done and not said. \
               If you are ana, /me waves is shown as * ana waves.",
        examples: &["/me waves", "/me puts the kettle on"],
        undone: NOTHING_SENT,
        parse: |arguments| {
            let (kind, text) = (MessageKind::Action, arguments.text("a text")?);
            Ok(Typed::command(Command::Say { room: None, kind, text, key: None }))
        },
    },
    Row {
        name: "msg",
        aliases: &["m", "tell", "whisper"],
        group: Group::Talk,
        usages: &["/msg NAME TEXT"],
        summary: "send somebody a direct message",
        help: "Sends somebody a direct message, and leaves you where you are. Nobody else sees it. Somebody who is \
               away or offline finds it later. To send several, /dm is shorter.",
        examples: &["/msg cho back at four?", "/m cho back at four?"],
        undone: NOTHING_SENT,
        parse: |arguments| {
            Ok(Typed::command(Command::Tell { to: arguments.person()?, text: arguments.text("a text")? }))
        },
    },
    Row {
        name: "reply",
        aliases: &["r"],
        group: Group::Talk,
        usages: &["/reply TEXT"],
        summary: "answer the last direct message",
        help: "Answers the last person who sent you a direct message since you logged in. Nobody else sees it, and \
               you stay where you are.",
        examples: &["/reply on my way", "/r yes"],
        undone: NOTHING_SENT,
        parse: |arguments| Ok(Typed::command(Command::Reply { text: arguments.text("a text")? })),
    },
    Row {
        name: "dm",
        aliases: &["query"],
        group: Group::Talk,
        usages: &["/dm NAME"],
        summary: "go to your direct messages with somebody",
        help: "From now on what you type goes to this person only, and is kept like the messages of a room. /join \
               with the name of a room takes you back. For a single line /msg is shorter.",
        examples: &["/dm bob", "/dm @bob"],
        undone: NOTHING_SENT,
        parse: |arguments| {
            let with = arguments.person()?;
            if arguments.rest.is_empty() {
                return Ok(Typed::command(Command::OpenDirect { with }));
            }
            Err(Mistake::new(format!(
                "/dm only goes to your direct messages with {with}. Your text was not sent. To send it: /msg {with} TEXT"
            )))
        },
    },
];

/// Appends a message: `[09:30] #tea bob: text`, or `[09:30] #tea * bob waves`.
pub fn message(message: &Message, context: Context, out: &mut Vec<u8>) {
    message_line(message, None, context, out);
}

/// Appends a message with its number, by which a reader may refer to it: `[09:30] #tea 212 bob: text`.
pub(super) fn numbered(message: &Message, context: Context, out: &mut Vec<u8>) {
    message_line(message, Some(message.seq), context, out);
}

/// Runs for each message of each turn, so bytes are copied straight to where they go. They are safe to show because they
/// are a [`Name`](crate::chat::Name) and a [`Text`](crate::chat::Text).
fn message_line(message: &Message, number: Option<Seq>, context: Context, out: &mut Vec<u8>) {
    context.clock.stamp(message.at, context.now, out);
    let (mark, room) = match &*message.room {
        RoomLabel::Room(name) => (b'#', name),
        RoomLabel::Direct(name) => (b'@', name),
        RoomLabel::Number(_) => unreachable!("a room is shown by its name"),
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

/// The own message is on disk.
pub(super) fn stored(room: &RoomLabel, seq: Seq, pen: &mut Pen<'_>) {
    pen.say(&format!("saved {} {seq}", Label(room)));
}

/// The recipient of a direct message does not read it now.
pub(super) fn not_here(who: &Person, pen: &mut Pen<'_>) {
    let name = &who.name;
    pen.say(&match (&who.away, who.online) {
        (Some(text), true) => format!("{name} is {} and will see it.", away(text)),
        (None, true) => format!("{name} will see it."),
        (Some(text), false) => format!("{name} is not online, {}, and will see it at the next login.", away(text)),
        (None, false) => format!("{name} is not online and will see it at the next login."),
    });
}

/// The current room is now the direct room with somebody. How many messages it has is said last where some of them follow.
pub(super) fn direct_opened(with: &Person, messages: u64, back: Option<&RoomLabel>, pen: &mut Pen<'_>) {
    let name = &with.name;
    let absent = match (&with.away, with.online) {
        (_, false) => format!(" {name} is not online."),
        (Some(text), true) => format!(" {name} is {}.", away(text)),
        (None, true) => String::new(),
    };
    let mut sentences = vec![earlier_messages(messages)];
    let back = back.map(|room| format!("{} goes back.", WayTo(room)));
    sentences.splice(if messages == 0 { 1..1 } else { 0..0 }, back);
    pen.say(&format!("Now in direct messages with {name}.{absent} {}", sentences.join(" ")));
}

/// The advice of a refusal about talk: what was not done, and the next step.
pub(super) fn advice(refusal: &Refusal) -> Option<Advice> {
    Some(match refusal {
        Refusal::AccountGone => Advice::new(NOTHING_SENT, "/history shows what was said."),
        Refusal::NobodyToReplyTo => Advice::new(NOTHING_SENT, "Use: /msg NAME TEXT"),
        Refusal::ReplyToWhom { last, .. } => Advice::new(NOTHING_SENT, format!("Say to whom: /msg {last} TEXT")),
        // These concern topics, reasons and away texts too.
        Refusal::EmptyText => Advice::next("Type some words."),
        Refusal::TextTooLong { .. } => Advice::next("Make it shorter."),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{
        NOW, check, check_command, check_mistake, check_refusal, checked_lines, direct, name, online, room, said, text,
        with_id,
    };
    use super::*;
    use crate::chat::{Event, Text};
    use crate::protocol::text::Text as TextProtocol;
    use crate::protocol::{Clock, Protocol};

    #[test]
    fn lines_that_send_something() {
        let speech = |room, said: &str| Command::Say { room, kind: MessageKind::Speech, text: text(said), key: None };
        check_command("/say tea the kettle  is on", speech(Some(room("tea")), "the kettle  is on"));
        check_command("/SAY #tea /x", speech(Some(room("tea")), "/x"));
        check_command("/say @bob hi", speech(Some(direct("bob")), "hi"));
        let waves = Command::Say { room: None, kind: MessageKind::Action, text: text("waves"), key: None };
        check_command(" /me waves", waves);
        for line in ["/msg bob hi", "/m bob hi", "/tell @bob hi", "/whisper bob: hi", "/msg bob, hi", "/msg@bob hi"] {
            check_command(line, Command::Tell { to: name("bob"), text: text("hi") });
        }
        check_command("/r yes", Command::Reply { text: text("yes") });
        check_command("/dm bob", Command::OpenDirect { with: name("bob") });
        check_command("/query @bob", Command::OpenDirect { with: name("bob") });
        check_mistake(
            "/dm bob hi",
            "/dm only goes to your direct messages with bob. Your text was not sent. To send it: /msg bob TEXT",
        );
    }

    #[test]
    fn a_stored_message_has_its_number_and_is_shown_only_on_request() {
        check(Event::Stored { room: with_id(room("tea")), seq: 215, at: NOW, requested: true }, &["-- saved #tea 215"]);
        let (clock, mut out) = (Clock::utc(), Vec::new());
        let silent = Event::Stored { room: with_id(room("tea")), seq: 215, at: NOW, requested: false };
        Protocol::answer(&TextProtocol, &silent, None, Context { now: NOW, clock: &clock }, &mut out);
        assert_eq!(out, b"");
    }

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
        let (clock, mut out) = (Clock::utc(), Vec::new());
        let context = Context { now: NOW, clock: &clock };
        let waves = Message { kind: MessageKind::Action, ..said(room("tea"), 12, "2026-11-22T09:30:00Z", "waves") };
        numbered(&said(room("tea"), 212, "2026-11-21T18:02:00Z", "text"), context, &mut out);
        numbered(&waves, context, &mut out);
        assert_eq!(checked_lines(&out), ["[2026-11-21 18:02] #tea 212 bob: text", "[09:30] #tea 12 * bob waves"]);
    }

    #[test]
    fn talking_alone_tells_the_way_back() {
        let opened = |with, messages, back, expected: &str| {
            check(Event::DirectOpened { room: with_id(direct("bob")), with, messages, back }, &[expected]);
        };
        let tea = || Some(with_id(room("tea")));
        opened(
            online("bob"),
            0,
            tea(),
            "-- Now in direct messages with bob. No earlier messages. /join #tea goes back.",
        );
        opened(
            online("bob"),
            14,
            tea(),
            "-- Now in direct messages with bob. /join #tea goes back. Last 3 of 14 messages:",
        );
        opened(
            online("bob"),
            0,
            Some(with_id(direct("dee"))),
            "-- Now in direct messages with bob. No earlier messages. /dm dee goes back.",
        );
        opened(online("bob"), 2, None, "-- Now in direct messages with bob. Both messages so far:");
        opened(
            Person { online: false, ..online("bob") },
            0,
            None,
            "-- Now in direct messages with bob. bob is not online. No earlier messages.",
        );
        opened(
            Person { away: Some(Text::from("lunch")), ..online("cho") },
            0,
            tea(),
            "-- Now in direct messages with cho. cho is away (\"lunch\"). No earlier messages. /join #tea goes back.",
        );
    }

    #[test]
    fn a_refusal_says_what_was_not_done_and_the_next_step() {
        check_refusal(
            Refusal::AccountGone,
            "That account is deleted, so nobody would read it. Nothing was sent. /history shows what was said.",
        );
        check_refusal(
            Refusal::NobodyToReplyTo,
            "Nobody has sent you a direct message since you logged in. Nothing was sent. Use: /msg NAME TEXT",
        );
        check_refusal(Refusal::EmptyText, "There is nothing to see in that text. Nothing was done. Type some words.");
        check_refusal(
            Refusal::TextTooLong { bytes: 2345, max: 2000 },
            "That text has 2345 bytes; 2000 is the most. Nothing was done. Make it shorter.",
        );
    }
}
