//! Coming into rooms and going out of them.

use crate::chat::{Departure, Name, Presence, RoomLabel, Text};

use super::pen::Pen;
use super::phrase::{Label, WayTo, away, because, earlier_messages, you_now_talk};

/// One talks in this room from now on. Who else is there is told next.
pub(super) fn entered(room: &RoomLabel, topic: Option<&Text>, joined: bool, pen: &mut Pen<'_>) {
    let now = you_now_talk(Some(room));
    pen.say(&match room {
        RoomLabel::Room(name) if joined => format!("You joined #{name}. {now}"),
        RoomLabel::Room(_) | RoomLabel::Direct(_) => now,
    });
    if let Some(topic) = topic {
        pen.say(&format!("Topic: {topic}"));
    }
}

/// One talks with somebody alone from now on. How many messages there are is said last where some of them follow.
pub(super) fn direct_opened(with: &Presence, messages: u64, back: Option<&RoomLabel>, pen: &mut Pen<'_>) {
    let name = &with.name;
    let absent = match (&with.away, with.online) {
        (_, false) => format!(" {name} is not online."),
        (Some(text), true) => format!(" {name} is {}.", away(text)),
        (None, true) => String::new(),
    };
    let mut sentences = vec![earlier_messages(messages)];
    let back = back.map(|room| format!("{} goes back.", WayTo(room)));
    sentences.splice(if messages == 0 { 1..1 } else { 0..0 }, back);
    pen.say(&format!("You now talk with {name} alone.{absent} {}", sentences.join(" ")));
}

/// Somebody else went, or was put out.
pub(super) fn member_left(room: &RoomLabel, who: &Name, departure: &Departure, pen: &mut Pen<'_>) {
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

/// One went oneself, or was put out. What one types next goes elsewhere, so that is told at once.
pub(super) fn you_left(room: &RoomLabel, departure: &Departure, now: Option<&RoomLabel>, pen: &mut Pen<'_>) {
    let (room, now) = (Label(room), you_now_talk(now));
    match departure {
        Departure::Left => pen.say(&format!("You left {room}. {now}")),
        Departure::Deleted => pen.say(&format!("You are not in {room} any more. {now}")),
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

#[cfg(test)]
mod tests {
    use super::super::oracle::{at, check, direct, name, online, room};
    use super::*;
    use crate::chat::Event;

    fn kicked(why: &str) -> Departure {
        Departure::Kicked { by: name("ana"), why: Text::from(why) }
    }

    fn banned(why: &str) -> Departure {
        Departure::Banned { by: name("ana"), until: Some(at("2026-11-23T09:32:00Z")), why: Text::from(why) }
    }

    #[test]
    fn entering_shows_where_one_talks() {
        let entered = |room, topic: Option<&str>, joined, here, messages, expected: &[&str]| {
            check(Event::Entered { room, topic: topic.map(Text::from), joined, here, more: 0, messages }, expected);
        };
        entered(
            room("tea"),
            Some("all about tea"),
            true,
            vec![online("bob")],
            214,
            &[
                "-- You joined #tea. You now talk in #tea.",
                "-- Topic: all about tea",
                "-- Here now: bob. Last 3 of 214 messages:",
            ],
        );
        entered(
            room("tea"),
            None,
            false,
            vec![],
            0,
            &["-- You now talk in #tea.", "-- Nobody else is here now. No earlier messages."],
        );
        entered(
            direct("bob"),
            None,
            false,
            vec![online("bob")],
            1,
            &["-- You now talk with bob alone.", "-- Here now: bob. The only message so far:"],
        );
    }

    #[test]
    fn talking_alone_tells_the_way_back() {
        let opened = |with, messages, back, expected: &str| {
            check(Event::DirectOpened { with, messages, back }, &[expected]);
        };
        let tea = || Some(room("tea"));
        opened(online("bob"), 0, tea(), "-- You now talk with bob alone. No earlier messages. /join #tea goes back.");
        opened(
            online("bob"),
            14,
            tea(),
            "-- You now talk with bob alone. /join #tea goes back. Last 3 of 14 messages:",
        );
        opened(
            online("bob"),
            0,
            Some(direct("dee")),
            "-- You now talk with bob alone. No earlier messages. /dm dee goes back.",
        );
        opened(online("bob"), 2, None, "-- You now talk with bob alone. All 2 messages so far:");
        opened(
            Presence { online: false, ..online("bob") },
            0,
            None,
            "-- You now talk with bob alone. bob is not online. No earlier messages.",
        );
        opened(
            Presence { away: Some(Text::from("lunch")), ..online("cho") },
            0,
            tea(),
            "-- You now talk with cho alone. cho is away (lunch). No earlier messages. /join #tea goes back.",
        );
    }

    #[test]
    fn a_departure_tells_by_whom_and_why() {
        let left = |room, departure, expected: &str| {
            check(Event::MemberLeft { room, who: name("bob"), departure }, &[expected]);
        };
        left(room("tea"), Departure::Left, "-- bob left #tea.");
        left(room("tea"), kicked("spam, again"), "-- bob was kicked from #tea by ana: spam, again");
        left(room("tea"), kicked(""), "-- bob was kicked from #tea by ana.");
        left(room("tea"), banned("spam"), "-- bob was banned from #tea by ana until tomorrow 09:32: spam");
        left(
            room("tea"),
            Departure::Banned { by: name("ana"), until: None, why: Text::from("") },
            "-- bob was banned from #tea by ana for good.",
        );
        left(room("tea"), Departure::Deleted, "-- bob left #tea: the account is deleted.");
        left(direct("bob"), Departure::Deleted, "-- bob left @bob: the account is deleted.");
    }

    #[test]
    fn whoever_is_out_knows_where_the_next_line_goes() {
        let left = |departure, now, expected: &[&str]| {
            check(Event::YouLeft { room: room("tea"), departure, now }, expected);
        };
        let general = || Some(room("general"));
        left(Departure::Left, general(), &["-- You left #tea. You now talk in #general."]);
        left(Departure::Left, Some(direct("bob")), &["-- You left #tea. You now talk with bob alone."]);
        left(
            Departure::Left,
            None,
            &["-- You left #tea. You talk in no room now. /rooms lists the rooms, /join ROOM enters one."],
        );
        left(kicked("spam"), general(), &["-- You were kicked from #tea by ana: spam", "-- You now talk in #general."]);
        left(
            banned(""),
            general(),
            &["-- You were banned from #tea by ana until tomorrow 09:32.", "-- You now talk in #general."],
        );
        left(
            Departure::RoomDeleted { by: name("ana") },
            general(),
            &["-- ana deleted #tea, with all that was said there.", "-- You now talk in #general."],
        );
        left(Departure::Deleted, general(), &["-- You are not in #tea any more. You now talk in #general."]);
    }
}
