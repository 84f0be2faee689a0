//! Members: entering rooms and leaving them, as the reader or as others see it.

use crate::chat::{Command, Departure, EnteredRoom, Name, RECENT_LINES, Refusal, RoomLabel, Visibility};

use super::line::Typed;
use super::moderation::because;
use super::pen::{Pen, enumerated, quoted};
use super::people::person;
use super::refusal::Advice;
use super::room::{Label, bare};
use super::row::{Group, NOTHING_DONE, Row};

pub(super) static ROWS: &[Row] = &[
    Row {
        name: "join",
        aliases: &["j"],
        group: Group::Rooms,
        usages: &["/join ROOM [public | private]"],
        summary: "enter a room, or go back to one",
        help: "Enters a public room, or goes back to a room that you are in; what you type then goes there. You stay \
               in your other rooms and go on seeing them. A private room is entered by /accept. Rooms may share a \
               name, if at most one of them is public: say which you mean if you are asked.",
        examples: &["/join #tea", "/j tea"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let room = arguments.room("a room")?;
            let kinds = [("public", Visibility::Public), ("private", Visibility::Private)];
            let visibility = match &room {
                RoomLabel::Room(_) => arguments.optional_choice(&kinds),
                RoomLabel::Direct(_) | RoomLabel::Number(_) => None,
            };
            Ok(Typed::command(Command::Join { room, visibility }))
        },
    },
    Row {
        name: "leave",
        aliases: &["part"],
        group: Group::Rooms,
        usages: &["/leave [ROOM] [NAME]"],
        summary: "stop being in a room",
        help: "Leaves a room: your current one if none is named. You no longer see what is said there, and come back \
               by /join or by an invitation. To talk elsewhere you need not leave: /join is enough, and so is /quit \
               to go home. A private room is deleted when its last member leaves, who must therefore repeat its name.",
        examples: &["/leave", "/leave #tea", "/leave #tea tea"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let room = arguments.optional_room()?;
            Ok(Typed::command(Command::Leave { room, confirmation: arguments.optional_name()? }))
        },
    },
];

/// The room is now the current one.
pub(super) fn entered(entered: &EnteredRoom, pen: &mut Pen<'_>) {
    let EnteredRoom { room, topic, joined, .. } = entered;
    let now = now_in(Some(room));
    pen.say(&match &**room {
        RoomLabel::Room(name) if *joined => format!("You joined #{name}. {now}"),
        _ => now,
    });
    if let Some(topic) = topic {
        pen.say(&format!("Topic: {}", quoted(topic.text.as_str())));
    }
    say_who_is_here(entered, pen);
}

/// Who else is in a room, and how many messages it has. Ends with a colon if the last of them are to be shown.
pub(super) fn say_who_is_here(entered: &EnteredRoom, pen: &mut Pen<'_>) {
    let EnteredRoom { here, more, messages, .. } = entered;
    let mut pieces = Vec::new();
    if here.is_empty() {
        pieces.push("Nobody else is here now.".to_owned());
    } else {
        let mut people: Vec<String> = here.iter().map(|who| person(who, false)).collect();
        if *more > 0 {
            people.push(format!("and {more} more"));
        }
        pieces.push("Here now:".to_owned());
        pieces.extend(enumerated(people));
    }
    pieces.push(earlier_messages(*messages));
    pen.list("", " ", pieces);
}

/// How many messages a room has, before the last of them are shown.
pub(super) fn earlier_messages(messages: u64) -> String {
    match messages {
        0 => "No earlier messages.".to_owned(),
        1 => "The only message so far:".to_owned(),
        2 => "Both messages so far:".to_owned(),
        3..=RECENT_LINES => format!("All {messages} messages so far:"),
        _ => format!("Last {RECENT_LINES} of {messages} messages:"),
    }
}

/// The current room: `Now in #tea.`
pub(super) fn now_in(room: Option<&RoomLabel>) -> String {
    match room {
        Some(RoomLabel::Room(name)) => format!("Now in #{name}."),
        Some(RoomLabel::Direct(name)) => format!("Now in direct messages with {name}."),
        Some(room @ RoomLabel::Number(_)) => format!("Now in {}.", Label(room)),
        None => "You have no current room. /rooms lists the rooms, /join ROOM enters one.".to_owned(),
    }
}

/// Somebody became a member.
pub(super) fn joined(room: &RoomLabel, who: &Name, pen: &mut Pen<'_>) {
    pen.say(&format!("{who} joined {}.", Label(room)));
}

/// Somebody else left or was removed.
pub(super) fn other_left(room: &RoomLabel, who: &Name, departure: &Departure, pen: &mut Pen<'_>) {
    let room = Label(room);
    pen.say(&match departure {
        Departure::Left => format!("{who} left {room}."),
        Departure::Deleted => format!("{who} left {room}: the account is deleted."),
        Departure::RoomDeleted { .. } => format!("{who} left {room}: the room is deleted."),
        Departure::Kicked { by, why } => format!("{who} was kicked from {room} by {by}{}", because(why)),
        Departure::Banned { by, until, why } => {
            format!("{who} was banned from {room} by {by} {}{}", pen.until(*until), because(why))
        }
    });
}

/// The reader left or was removed. Where the next line goes is said at once: nowhere, if that was the current room.
pub(super) fn you_left(room: &RoomLabel, departure: &Departure, now: Option<&RoomLabel>, pen: &mut Pen<'_>) {
    let (room, now) = (Label(room), now_in(now));
    match departure {
        Departure::Left => pen.say(&format!("You left {room}. {now}")),
        Departure::Deleted => pen.say(&format!("You are no longer in {room}. {now}")),
        Departure::RoomDeleted { by } => {
            pen.say(&format!("{by} deleted {room}, with all that was said there."));
            pen.say(&now);
        }
        Departure::Kicked { by, why } => {
            pen.say(&format!("You were kicked from {room} by {by}{}", because(why)));
            pen.say(&now);
        }
        Departure::Banned { by, until, why } => {
            pen.say(&format!("You were banned from {room} by {by} {}{}", pen.until(*until), because(why)));
            pen.say(&now);
        }
    }
}

/// The advice of a refusal about membership: what was not done, and the next step.
pub(super) fn advice(refusal: &Refusal) -> Option<Advice> {
    Some(match refusal {
        Refusal::NotMember { room } => Advice::next(match &**room {
            RoomLabel::Direct(name) => format!("To start: /dm {name}"),
            room => format!("To enter it: /join {}", Label(room)),
        }),
        Refusal::AlreadyMember { room } => Advice::next(format!("To talk there: /join {}", Label(room))),
        Refusal::InNamesake { .. } => Advice::next("Leave that one first, or have one of the two renamed."),
        Refusal::ConfirmLeave { room } => {
            let next = format!("All that was said there goes with it: /leave {} {}", Label(room), bare(room));
            Advice::new("You are still in it.", next)
        }
        Refusal::RoomFull { .. } => Advice::new("Nobody was let in.", "Try again when somebody has left."),
        Refusal::NotThere { room, .. } => Advice::next(format!("/who {} lists who is.", Label(room))),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, at, check, check_command, check_refusal, direct, name, online, room, with_id};
    use super::*;
    use crate::chat::{Event, Text, TopicView};

    #[test]
    fn lines_that_enter_and_leave() {
        for line in ["/join tea", "/j #tea", "/JOIN #tea ", "/join#tea"] {
            check_command(line, Command::Join { room: room("tea"), visibility: None });
        }
        check_command("/join @bob", Command::Join { room: direct("bob"), visibility: None });
        let visibility = Some(Visibility::Public);
        check_command("/join #tea pub", Command::Join { room: room("tea"), visibility });
        check_command("/leave", Command::Leave { room: None, confirmation: None });
        check_command("/leave #tea tea", Command::Leave { room: Some(room("tea")), confirmation: Some(name("tea")) });
        check_command("/part tea", Command::Leave { room: Some(room("tea")), confirmation: None });
    }

    fn kicked(why: &str) -> Departure {
        Departure::Kicked { by: name("ana"), why: Text::from(why) }
    }

    fn banned(why: &str) -> Departure {
        Departure::Banned { by: name("ana"), until: Some(at("2026-11-23T09:32:00Z")), why: Text::from(why) }
    }

    #[test]
    fn entering_shows_where_one_talks() {
        let entered = |room, topic: Option<&str>, joined, here, messages, expected: &[&str]| {
            let topic = topic.map(|topic| TopicView { text: Text::from(topic), by: name("bob"), at: NOW });
            let (more, members) = (0, 2);
            check(Event::Entered(EnteredRoom { room, topic, joined, here, more, members, messages }), expected);
        };
        entered(
            with_id(room("tea")),
            Some("all about tea"),
            true,
            vec![online("bob")],
            214,
            &[
                "-- You joined #tea. Now in #tea.",
                "-- Topic: \"all about tea\"",
                "-- Here now: bob. Last 3 of 214 messages:",
            ],
        );
        entered(
            with_id(room("tea")),
            None,
            false,
            vec![],
            0,
            &["-- Now in #tea.", "-- Nobody else is here now. No earlier messages."],
        );
        entered(
            with_id(direct("bob")),
            None,
            false,
            vec![online("bob")],
            1,
            &["-- Now in direct messages with bob.", "-- Here now: bob. The only message so far:"],
        );
    }

    #[test]
    fn a_departure_tells_by_whom_and_why() {
        let left = |room, departure, expected: &str| {
            check(Event::MemberLeft { room, who: name("bob"), departure }, &[expected]);
        };
        left(with_id(room("tea")), Departure::Left, "-- bob left #tea.");
        left(with_id(room("tea")), kicked("spam, again"), "-- bob was kicked from #tea by ana: \"spam, again\"");
        left(with_id(room("tea")), kicked(""), "-- bob was kicked from #tea by ana.");
        left(with_id(room("tea")), banned("spam"), "-- bob was banned from #tea by ana until tomorrow 09:32: \"spam\"");
        left(
            with_id(room("tea")),
            Departure::Banned { by: name("ana"), until: None, why: Text::from("") },
            "-- bob was banned from #tea by ana permanently.",
        );
        left(with_id(room("tea")), Departure::Deleted, "-- bob left #tea: the account is deleted.");
        left(with_id(direct("bob")), Departure::Deleted, "-- bob left @bob: the account is deleted.");
    }

    #[test]
    fn whoever_is_out_knows_where_the_next_line_goes() {
        let left = |departure, now, expected: &[&str]| {
            check(Event::YouLeft { room: with_id(room("tea")), departure, now }, expected);
        };
        let general = || Some(with_id(room("general")));
        left(Departure::Left, general(), &["-- You left #tea. Now in #general."]);
        left(Departure::Left, Some(with_id(direct("bob"))), &["-- You left #tea. Now in direct messages with bob."]);
        left(
            Departure::Left,
            None,
            &["-- You left #tea. You have no current room. /rooms lists the rooms, /join ROOM enters one."],
        );
        left(kicked("spam"), general(), &["-- You were kicked from #tea by ana: \"spam\"", "-- Now in #general."]);
        left(
            banned(""),
            general(),
            &["-- You were banned from #tea by ana until tomorrow 09:32.", "-- Now in #general."],
        );
        left(
            Departure::RoomDeleted { by: name("ana") },
            general(),
            &["-- ana deleted #tea, with all that was said there.", "-- Now in #general."],
        );
        left(Departure::Deleted, general(), &["-- You are no longer in #tea. Now in #general."]);
    }

    #[test]
    fn earlier_messages_are_announced_as_they_are_shown() {
        let check = |messages: u64, expected: &str| assert_eq!(earlier_messages(messages), expected);
        check(0, "No earlier messages.");
        check(1, "The only message so far:");
        check(2, "Both messages so far:");
        check(3, "All 3 messages so far:");
        check(4, "Last 3 of 4 messages:");
    }

    #[test]
    fn a_new_member_is_shown() {
        check(Event::MemberJoined { room: with_id(room("tea")), who: name("bob") }, &["-- bob joined #tea."]);
    }

    #[test]
    fn a_refusal_says_what_was_not_done_and_the_next_step() {
        let tea = || room("tea");
        check_refusal(
            Refusal::NotMember { room: with_id(tea()) },
            "You are not in #tea. Nothing was done. To enter it: /join #tea",
        );
        check_refusal(
            Refusal::NotMember { room: with_id(direct("bob")) },
            "You have no direct messages with bob. Nothing was done. To start: /dm bob",
        );
        check_refusal(
            Refusal::AlreadyMember { room: with_id(tea()) },
            "You are in #tea already. Nothing was done. To talk there: /join #tea",
        );
        check_refusal(
            Refusal::RoomFull { room: with_id(tea()) },
            "#tea is full. Nobody was let in. Try again when somebody has left.",
        );
        check_refusal(
            Refusal::NotThere { room: with_id(room("tea")), who: name("bob") },
            "bob is not in #tea. Nothing was done. /who #tea lists who is.",
        );
        check_refusal(
            Refusal::InNamesake { room: name("tea") },
            "You are in another room called #tea. Nothing was done. Leave that one first, or have one of the two renamed.",
        );
        check_refusal(
            Refusal::AlreadyThere { room: with_id(tea()), who: name("bob") },
            "bob is in #tea already. Nothing was done.",
        );
    }
}
