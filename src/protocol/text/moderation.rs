//! Moderation: putting people out of a room and appointing those who may.

use crate::chat::{BanRow, BanTarget, Command, Departure, Name, Query, Refusal, RoomLabel, Text};

use super::arguments::is_numeric;
use super::line::Typed;
use super::pen::{Pen, count, quoted};
use super::refusal::Advice;
use super::room::Label;
use super::row::{Group, NOTHING_DONE, Row};

/// What a refused ban leaves undone.
pub(super) const NOBODY_BANNED: &str = "Nobody was banned.";

pub(super) static ROWS: &[Row] = &[
    Row {
        name: "kick",
        aliases: &[],
        group: Group::Moderation,
        usages: &["/kick [#ROOM] NAME [WHY]"],
        summary: "put somebody out of a room",
        help: "Puts somebody out of your current room, or of the one named with its #. To a public room they \
               may come back at once; /ban keeps them out. For moderators and owners.",
        examples: &["/kick bob", "/kick #tea bob please calm down"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let (room, who) = arguments.room_and_person()?;
            Ok(Typed::command(Command::Kick { who, room, why: arguments.optional_text() }))
        },
    },
    Row {
        name: "ban",
        aliases: &[],
        group: Group::Moderation,
        usages: &["/ban [#ROOM] NAME [TIME] [WHY]"],
        summary: "put somebody out and keep them out",
        help: "Puts somebody out of a room and keeps them out: for a time such as 30m, 2h, 2d or 1w, or until /unban \
               if none is given. What follows is the reason, which is shown to whoever is banned. For moderators and \
               owners.",
        examples: &["/ban bob 30m please calm down", "/ban #tea bob"],
        undone: NOBODY_BANNED,
        parse: |arguments| {
            let (room, who) = arguments.room_and_person()?;
            let seconds = arguments.duration()?;
            Ok(Typed::command(Command::Ban { who, room, seconds, why: arguments.optional_text() }))
        },
    },
    Row {
        name: "unban",
        aliases: &[],
        group: Group::Moderation,
        usages: &["/unban [#ROOM] NAME"],
        summary: "lift a ban",
        help: "Lets somebody who was banned come in again. It does not bring them back: they /join, or are invited.",
        examples: &["/unban bob", "/unban #tea bob"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let (room, who) = arguments.room_and_person()?;
            Ok(Typed::command(Command::Unban { who, room }))
        },
    },
    Row {
        name: "bans",
        aliases: &[],
        group: Group::Moderation,
        usages: &["/bans [ROOM] [PAGE]"],
        summary: "list who is banned from a room",
        help: "Lists who is banned from your current room or from the one named, by whom, until when and why. A \
               long list comes in pages.",
        examples: &["/bans", "/bans #tea", "/bans #tea 2"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let is_page = arguments.peek().is_some_and(is_numeric);
            let room = if is_page { None } else { arguments.optional_room()? };
            Ok(Typed::query(Query::Bans { room, page: arguments.page()? }))
        },
    },
    Row {
        name: "op",
        aliases: &[],
        group: Group::Moderation,
        usages: &["/op [#ROOM] NAME"],
        summary: "make somebody a moderator of your room",
        help: "Makes a member of your room a moderator, who may kick, ban, invite and set the topic. For the owner.",
        examples: &["/op bob", "/op #tea bob"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let (room, who) = arguments.room_and_person()?;
            Ok(Typed::command(Command::Promote { who, room }))
        },
    },
    Row {
        name: "deop",
        aliases: &[],
        group: Group::Moderation,
        usages: &["/deop [#ROOM] NAME"],
        summary: "make a moderator a plain member",
        help: "Takes back what /op gave: the moderator becomes a plain member. For the owner.",
        examples: &["/deop bob", "/deop #tea bob"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let (room, who) = arguments.room_and_person()?;
            Ok(Typed::command(Command::Demote { who, room }))
        },
    },
];

/// The end of a sentence that may have a reason: `: "spam"`, or a full stop if none was given.
pub(super) fn because(why: &Text) -> String {
    if why.is_empty() { ".".to_owned() } else { format!(": {}", quoted(why.as_str())) }
}

/// The reader removed somebody from a room.
pub(super) fn removed(room: &RoomLabel, who: &Name, departure: &Departure, pen: &mut Pen<'_>) {
    let room = Label(room);
    pen.say(&match departure {
        Departure::Banned { until, .. } => {
            format!("{who} is banned from {room} {}. To lift that: /unban {room} {who}", pen.until(*until))
        }
        Departure::Kicked { .. } => format!("{who} is kicked from {room}. To keep {who} out: /ban {room} {who}"),
        Departure::Left | Departure::Deleted | Departure::RoomDeleted { .. } => format!("{who} is out of {room}."),
    });
}

/// A ban is lifted.
pub(super) fn unbanned(room: Option<&RoomLabel>, target: &BanTarget, pen: &mut Pen<'_>) {
    pen.say(&format!("{} is no longer banned from {}.", target_of(target), place(room)));
}

/// The bans that are in force, one a line. The reason is not cut, because it is what readers look for.
pub(super) fn bans(
    room: Option<&RoomLabel>,
    rows: &[BanRow],
    total: u64,
    (page, pages): (u64, u64),
    pen: &mut Pen<'_>,
) {
    if total == 0 {
        return pen.say(&format!("Nobody is banned from {}.", place(room)));
    }
    let of_pages = if pages > 1 { format!(", page {page} of {pages}") } else { String::new() };
    pen.say(&format!("{} from {}{of_pages}:", count(total, "ban"), place(room)));
    for ban in rows {
        let BanRow { by, why, .. } = ban;
        let (since, until) = (pen.moment(ban.at), pen.until(ban.until));
        let why = if why.is_empty() { String::new() } else { because(why) };
        pen.say(&format!("  {}  by {by} {since}, {until}{why}", target_of(&ban.target)));
    }
    if page < pages {
        let list = room.map_or_else(|| "/server bans".to_owned(), |room| format!("/bans {}", Label(room)));
        pen.say(&format!("More: {list} {}", page + 1));
    }
}

fn place(room: Option<&RoomLabel>) -> String {
    room.map_or_else(|| "the server".to_owned(), |room| Label(room).to_string())
}

pub(super) fn target_of(target: &BanTarget) -> String {
    match target {
        BanTarget::Account(name) => name.to_string(),
        BanTarget::Address(address) => address.to_string(),
    }
}

/// The advice of a refusal about moderation: what was not done, and the next step.
pub(super) fn advice(refusal: &Refusal) -> Option<Advice> {
    Some(match refusal {
        Refusal::Banned { .. } => Advice::next("Its moderators can lift that."),
        Refusal::OwnerOnly { room } => Advice::next(format!("/room {} shows who it is.", Label(room))),
        Refusal::ModeratorOnly { room } => Advice::next(format!("/room {} shows them.", Label(room))),
        Refusal::RankTooHigh { room, you: true, .. } => {
            Advice::next(format!("To hand it over: /room {} owner NAME", Label(room)))
        }
        Refusal::RankTooHigh { room, .. } => Advice::next(format!("/room {} shows the roles.", Label(room))),
        Refusal::NoSuchBan => Advice::next("/bans lists those of a room, /server bans those of the server."),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{
        address, at, ban, bob, check, check_command, check_mistake, check_query, check_refusal, name, room, text,
        tomorrow, with_id,
    };
    use super::*;
    use crate::chat::Event;

    #[test]
    fn lines_that_keep_order() {
        let (who, tea) = (|| name("bob"), || Some(room("tea")));
        check_command("/kick bob", Command::Kick { who: who(), room: None, why: text("") });
        check_command("/kick #tea @bob too loud", Command::Kick { who: who(), room: tea(), why: text("too loud") });
        check_command("/kick bob #tea too loud", Command::Kick { who: who(), room: tea(), why: text("too loud") });
        let ban = |room, seconds, why: &str| Command::Ban { who: who(), room, seconds, why: text(why) };
        check_command("/ban bob", ban(None, None, ""));
        check_command("/ban bob 30m", ban(None, Some(1800), ""));
        check_command("/ban #tea bob 2d too loud", ban(tea(), Some(172_800), "too loud"));
        check_command("/ban bob too loud", ban(None, None, "too loud"));
        check_command("/ban bob 1w 3rd warning", ban(None, Some(604_800), "3rd warning"));
        check_command("/ban bob for 30m", ban(None, Some(1800), ""));
        check_command("/ban bob for shouting", ban(None, None, "for shouting"));
        check_command("/ban bob shouted for 30m at all", ban(None, None, "shouted for 30m at all"));
        check_command("/unban bob", Command::Unban { who: who(), room: None });
        check_query("/bans", Query::Bans { room: None, page: 1 });
        check_query("/bans 2", Query::Bans { room: None, page: 2 });
        check_query("/bans #tea", Query::Bans { room: tea(), page: 1 });
        check_query("/bans #tea 3", Query::Bans { room: tea(), page: 3 });
        check_command("/op #tea bob", Command::Promote { who: who(), room: tea() });
        check_command("/deop bob", Command::Demote { who: who(), room: None });
    }

    #[test]
    fn a_bad_time_bans_nobody() {
        let bad = r#""30" is not a time from 1s to 10 years, such as 30m, 2h, 2d or 1w. Nobody was banned. Usage: /ban [#ROOM] NAME [TIME] [WHY] - for example /ban bob 30m please calm down"#;
        check_mistake("/ban bob 30 spam", bad);
        for line in ["/ban bob 30x", "/ban bob 1h,", "/ban bob 3rd warning", "/ban bob for 30x", "/ban #tea bob (1h)"] {
            let typed = line.rsplit(' ').find(|word| word.contains(char::is_numeric)).unwrap();
            check_mistake(line, &bad.replacen("\"30\"", &format!("\"{typed}\""), 1));
        }
        let late = r#""30m" stands behind the reason: the time comes first. Nobody was banned. Usage: /ban [#ROOM] NAME [TIME] [WHY] - for example /ban bob 30m please calm down"#;
        check_mistake("/ban bob spam 30m", late);
        check_mistake("/ban bob too loud, for 30m", late);
    }

    #[test]
    fn what_was_done_to_a_member_is_confirmed() {
        let removed = |departure: Departure, expected: &str| {
            check(Event::Removed { room: with_id(room("tea")), who: name("bob"), departure }, &[expected]);
        };
        let why = || Text::from("spam");
        removed(
            Departure::Kicked { by: name("ana"), why: why() },
            "-- bob is kicked from #tea. To keep bob out: /ban #tea bob",
        );
        removed(
            Departure::Banned { by: name("ana"), until: tomorrow(), why: why() },
            "-- bob is banned from #tea until tomorrow 09:32. To lift that: /unban #tea bob",
        );
        removed(
            Departure::Banned { by: name("ana"), until: None, why: why() },
            "-- bob is banned from #tea permanently. To lift that: /unban #tea bob",
        );
        removed(Departure::Left, "-- bob is out of #tea.");
    }

    #[test]
    fn bans_are_listed_and_lifted() {
        let none = |room| Event::Bans { room, rows: vec![], total: 0, page: 1, pages: 1 };
        check(none(Some(with_id(room("tea")))), &["-- Nobody is banned from #tea."]);
        check(none(None), &["-- Nobody is banned from the server."]);
        let rows = vec![ban(bob(), tomorrow(), "spam"), ban(address(), None, "")];
        check(
            Event::Bans { room: None, total: rows.len() as u64, rows, page: 1, pages: 1 },
            &[
                "-- 2 bans from the server:",
                "--   bob  by ana yesterday 22:10, until tomorrow 09:32: \"spam\"",
                "--   2001:db8::/64  by ana yesterday 22:10, permanently",
            ],
        );
        check(
            Event::Bans {
                room: Some(with_id(room("tea"))),
                rows: vec![ban(bob(), None, "spam")],
                total: 1,
                page: 1,
                pages: 1,
            },
            &["-- 1 ban from #tea:", "--   bob  by ana yesterday 22:10, permanently: \"spam\""],
        );
        check(
            Event::Unbanned { room: Some(with_id(room("tea"))), target: bob() },
            &["-- bob is no longer banned from #tea."],
        );
        check(
            Event::Unbanned { room: None, target: address() },
            &["-- 2001:db8::/64 is no longer banned from the server."],
        );
    }

    #[test]
    fn a_refusal_says_what_was_not_done_and_the_next_step() {
        let tea = || room("tea");
        check_refusal(
            Refusal::Banned { room: with_id(tea()), until: Some(at("2026-11-22T11:00:00Z")), why: Text::from("spam") },
            "You are banned from #tea until today 11:00. Nothing was done. Its moderators can lift that. Reason: \"spam\"",
        );
        check_refusal(
            Refusal::Banned { room: with_id(tea()), until: None, why: Text::from("") },
            "You are banned from #tea permanently. Nothing was done. Its moderators can lift that.",
        );
        check_refusal(
            Refusal::OwnerOnly { room: with_id(tea()) },
            "Only the owner of #tea may do that. Nothing was done. /room #tea shows who it is.",
        );
        check_refusal(
            Refusal::ModeratorOnly { room: with_id(tea()) },
            "Only the owner and the moderators of #tea may do that. Nothing was done. /room #tea shows them.",
        );
        check_refusal(
            Refusal::RankTooHigh { room: with_id(tea()), who: name("ana"), you: true },
            "You own #tea already. Nothing was done. To hand it over: /room #tea owner NAME",
        );
        check_refusal(
            Refusal::RankTooHigh { room: with_id(tea()), who: name("bob"), you: false },
            "bob ranks as high in #tea as you, or higher. Nothing was done. /room #tea shows the roles.",
        );
        check_refusal(
            Refusal::NoSuchBan,
            "There is no such ban. Nothing was done. /bans lists those of a room, /server bans those of the server.",
        );
    }
}
