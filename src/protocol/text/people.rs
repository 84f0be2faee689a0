//! People: who is here, who somebody is, who is away.

use crate::address::Address;
use crate::chat::{AccountView, Command, Person, Query, Refusal, Role, RoomLabel, ShownRoom, Text, Timestamp};

use super::arguments::is_numeric;
use super::line::Typed;
use super::pen::{Pen, count, enumerated, quoted, shortened};
use super::refusal::Advice;
use super::room::Label;
use super::row::{Group, NOTHING_DONE, Row};

/// How many columns of an away text are shown in a list.
const AWAY_COLUMNS: usize = 30;

pub(super) static ROWS: &[Row] = &[
    Row {
        name: "who",
        aliases: &["w", "names", "users"],
        group: Group::People,
        usages: &["/who [ROOM] [PAGE]"],
        summary: "list who is online, or who is in a room",
        help: "Lists who is online now. With a room, lists who is a member there, online or not. A long list comes in \
               pages.",
        examples: &["/who", "/who #tea"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let room = if arguments.peek().is_some_and(is_numeric) { None } else { arguments.optional_room()? };
            Ok(Typed::query(Query::Who { room, page: arguments.page()? }))
        },
    },
    Row {
        name: "whois",
        aliases: &["finger"],
        group: Group::People,
        usages: &["/whois NAME"],
        summary: "show somebody: since when, last here, rooms",
        help: "Shows somebody: whether online or away, since when there is this account, when it was last here, and in \
               which rooms that you may know of.",
        examples: &["/whois bob", "/whois @bob"],
        undone: NOTHING_DONE,
        parse: |arguments| Ok(Typed::query(Query::Whois { name: arguments.person()? })),
    },
    Row {
        name: "away",
        aliases: &["afk"],
        group: Group::People,
        usages: &["/away [TEXT]"],
        summary: "say that you are not there, and why",
        help: "Says that you are not there. Others see it in /who, and when they send you a direct message. You \
               still get everything. /back ends it.",
        examples: &["/away lunch", "/away"],
        undone: NOTHING_DONE,
        parse: |arguments| Ok(Typed::command(Command::Away { text: arguments.optional_text() })),
    },
    Row {
        name: "back",
        aliases: &[],
        group: Group::People,
        usages: &["/back"],
        summary: "say that you are there again",
        help: "Ends what /away began: you are shown as being there again.",
        examples: &["/back", "/bac"],
        undone: NOTHING_DONE,
        parse: |_| Ok(Typed::command(Command::Back)),
    },
];

/// Somebody in a list: `cho (away: "lunch")`, `dee (offline)`; with the role if `roles`: `bob (moderator)`.
pub(super) fn person(who: &Person, roles: bool) -> String {
    let mut remarks = Vec::new();
    match who.role {
        Some(Role::Moderator) if roles => remarks.push("moderator".to_owned()),
        Some(Role::Owner) if roles => remarks.push("owner".to_owned()),
        _ => {}
    }
    match &who.away {
        _ if !who.online => remarks.push("offline".to_owned()),
        Some(text) if text.is_empty() => remarks.push("away".to_owned()),
        Some(text) => remarks.push(format!("away: {}", quoted(&shortened(text.as_str(), AWAY_COLUMNS)))),
        None => {}
    }
    if remarks.is_empty() { who.name.to_string() } else { format!("{} ({})", who.name, remarks.join(", ")) }
}

/// That somebody is not there: `away ("lunch")`.
pub(super) fn away(text: &Text) -> String {
    if text.is_empty() { "away".to_owned() } else { format!("away ({})", quoted(text.as_str())) }
}

/// Who is online, or the members of a room. `(page, pages)` says which part of them.
pub(super) fn list(
    room: Option<&RoomLabel>,
    rows: &[Person],
    total: u64,
    (page, pages): (u64, u64),
    pen: &mut Pen<'_>,
) {
    let who = match room {
        None => format!("{total} online"),
        Some(RoomLabel::Room(name)) => format!("{} of #{name}", count(total, "member")),
        Some(room) => format!("{total} in {}", Label(room)),
    };
    if rows.is_empty() {
        return pen.say(&if page > 1 { format!("{who}, nobody on page {page}.") } else { format!("{who}.") });
    }
    let part = if pages > 1 { format!(", page {page} of {pages}:") } else { ":".to_owned() };
    let people = enumerated(rows.iter().map(|row| person(row, room.is_some())).collect());
    pen.list("", " ", std::iter::once(format!("{who}{part}")).chain(people));
    if page < pages {
        let room = room.map(|room| format!("{} ", Label(room))).unwrap_or_default();
        pen.say(&format!("More: /who {room}{}", page + 1));
    }
}

/// An account in full.
pub(super) fn shown(view: &AccountView, pen: &mut Pen<'_>) {
    let AccountView { who, created, last_seen, operator, rooms, addresses } = view;
    whereabouts(who, *last_seen, pen);
    account(*created, *operator, rooms, addresses, pen);
}

/// Where somebody is just now.
fn whereabouts(who: &Person, last_seen: Option<Timestamp>, pen: &mut Pen<'_>) {
    let name = &who.name;
    let last_here = last_seen.map(|at| format!(", last here {}", pen.moment(at))).unwrap_or_default();
    pen.say(&match (&who.away, who.online) {
        (None, true) => format!("{name} is online."),
        (Some(text), true) => format!("{name} is online, {}.", away(text)),
        (None, false) => format!("{name} is not online{last_here}."),
        (Some(text), false) => format!("{name} is not online, {}{last_here}.", away(text)),
    });
}

/// The description of an account.
fn account(created: Timestamp, operator: bool, rooms: &[ShownRoom], addresses: &[Address], pen: &mut Pen<'_>) {
    let rank = if operator { " Operator of the server." } else { "" };
    pen.say(&format!("Account since {}.{rank}", pen.context.clock.date(created)));
    if !rooms.is_empty() {
        let rooms = enumerated(rooms.iter().map(|room| Label(room).to_string()).collect());
        pen.list("", " ", std::iter::once("In:".to_owned()).chain(rooms));
    }
    if !addresses.is_empty() {
        // Without full stops: an address is copied from here into a ban.
        pen.list(
            "",
            " ",
            std::iter::once("Connected from:".to_owned()).chain(addresses.iter().map(Address::to_string)),
        );
    }
}

/// The reader is away, or back.
pub(super) fn away_set(text: Option<&Text>, pen: &mut Pen<'_>) {
    pen.say(&match text {
        Some(text) => format!("You are {}; /back when you return.", away(text)),
        None => "You are back.".to_owned(),
    });
}

/// The advice of a refusal about people: what was not done, and the next step.
pub(super) fn advice(refusal: &Refusal) -> Option<Advice> {
    Some(match refusal {
        Refusal::NoSuchAccount { suggestion: None, .. } => Advice::next("/who lists who is online."),
        Refusal::NotToYourself => Advice::next("Name somebody else."),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{
        at, check, check_command, check_query, check_refusal, direct, name, online, room, text, with_id,
    };
    use super::*;
    use crate::chat::Event;

    #[test]
    fn lines_about_people() {
        check_query("/who", Query::Who { room: None, page: 1 });
        check_query("/w 2", Query::Who { room: None, page: 2 });
        check_query("/names tea", Query::Who { room: Some(room("tea")), page: 1 });
        check_query("/users #22 3", Query::Who { room: Some(room("22")), page: 3 });
        check_query("/whois @bob", Query::Whois { name: name("bob") });
        check_command("/away", Command::Away { text: text("") });
        check_command("/afk lunch, back at two", Command::Away { text: text("lunch, back at two") });
        check_command("/back", Command::Back);
    }

    fn cho() -> Person {
        Person { away: Some(Text::from("lunch")), ..online("cho") }
    }

    fn offline(name: &str) -> Person {
        Person { online: false, ..online(name) }
    }

    #[test]
    fn people_are_listed_with_what_matters() {
        let people = |room: Option<RoomLabel>, rows: Vec<Person>, total, page, pages, expected: &[&str]| {
            let room = room.map(with_id);
            check(Event::People { room, rows, total, page, pages }, expected);
        };
        people(
            None,
            vec![online("ana"), online("bob"), cho()],
            3,
            1,
            1,
            &["-- 3 online: ana, bob, cho (away: \"lunch\")."],
        );
        people(None, vec![], 0, 1, 0, &["-- 0 online."]);
        people(None, vec![online("ana")], 214, 2, 3, &["-- 214 online, page 2 of 3: ana.", "-- More: /who 3"]);
        people(None, vec![], 214, 9, 3, &["-- 214 online, nobody on page 9."]);
        let ana = Person { role: Some(Role::Owner), ..online("ana") };
        let eli = Person { role: Some(Role::Moderator), ..cho() };
        people(
            Some(room("tea")),
            vec![ana, eli, offline("dee")],
            103,
            1,
            2,
            &[
                "-- 103 members of #tea, page 1 of 2: ana (owner),",
                "--   cho (moderator, away: \"lunch\"), dee (offline).",
                "-- More: /who #tea 2",
            ],
        );
        people(Some(room("tea")), vec![online("ana")], 1, 1, 1, &["-- 1 member of #tea: ana."]);
        people(
            Some(direct("dee")),
            vec![online("ana"), offline("dee")],
            2,
            1,
            1,
            &["-- 2 in @dee: ana, dee (offline)."],
        );
        let talkative = Person { away: Some(Text::from("gone fishing until the kettle boils over")), ..online("fin") };
        people(
            None,
            vec![talkative, Person { away: Some(Text::from("")), ..online("gus") }],
            2,
            1,
            1,
            &["-- 2 online: fin (away: \"gone fishing until the kett...\"), gus (away)."],
        );
    }

    #[test]
    fn an_account_is_shown_as_far_as_the_requester_may_know() {
        let created = at("2026-10-01T09:00:00Z");
        let last_seen = Some(at("2026-11-21T22:10:00Z"));
        let account = |who: Person, last_seen, operator, rooms, addresses, expected: &[&str]| {
            check(Event::Account(AccountView { who, created, last_seen, operator, rooms, addresses }), expected);
        };
        account(
            online("bob"),
            last_seen,
            true,
            vec![with_id(room("general")), with_id(room("tea"))],
            vec![],
            &["-- bob is online.", "-- Account since 2026-10-01. Operator of the server.", "-- In: #general, #tea."],
        );
        let addresses = vec![Address::parse("192.0.2.7").unwrap(), Address::parse("2001:db8::1").unwrap()];
        account(
            cho(),
            None,
            false,
            vec![],
            addresses,
            &[
                "-- cho is online, away (\"lunch\").",
                "-- Account since 2026-10-01.",
                "-- Connected from: 192.0.2.7 2001:db8::/64",
            ],
        );
        account(
            offline("dee"),
            last_seen,
            false,
            vec![],
            vec![],
            &["-- dee is not online, last here yesterday 22:10.", "-- Account since 2026-10-01."],
        );
        account(
            Person { online: false, ..cho() },
            last_seen,
            false,
            vec![],
            vec![],
            &["-- cho is not online, away (\"lunch\"), last here yesterday 22:10.", "-- Account since 2026-10-01."],
        );
    }

    #[test]
    fn an_absence_is_shown_to_its_account_and_to_who_writes() {
        check(
            Event::AwaySet { text: Some(Text::from("lunch")) },
            &["-- You are away (\"lunch\"); /back when you return."],
        );
        check(Event::AwaySet { text: Some(Text::from("")) }, &["-- You are away; /back when you return."]);
        check(Event::AwaySet { text: None }, &["-- You are back."]);
        check(Event::NotHere { who: cho() }, &["-- cho is away (\"lunch\") and will see it."]);
        check(Event::NotHere { who: offline("cho") }, &["-- cho is not online and will see it at the next login."]);
        check(
            Event::NotHere { who: Person { online: false, ..cho() } },
            &["-- cho is not online, away (\"lunch\"), and will see it at the next login."],
        );
        check(Event::NotHere { who: Person { name: name("dee"), ..online("dee") } }, &["-- dee will see it."]);
    }

    #[test]
    fn a_refusal_says_what_was_not_done_and_the_next_step() {
        check_refusal(
            Refusal::NoSuchAccount { name: name("bib"), suggestion: Some(name("bob")) },
            "Nobody is called bib. Did you mean bob? Nothing was done.",
        );
        check_refusal(
            Refusal::NoSuchAccount { name: name("bib"), suggestion: None },
            "Nobody is called bib. Nothing was done. /who lists who is online.",
        );
        check_refusal(Refusal::NotToYourself, "You cannot do that to yourself. Nothing was done. Name somebody else.");
    }
}
