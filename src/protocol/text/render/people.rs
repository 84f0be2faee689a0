//! People: who is here, who somebody is.

use crate::address::Address;
use crate::chat::{Presence, RoomLabel, Text, Timestamp};

use super::pen::Pen;
use super::phrase::{Label, away, count, enumerated, person};

/// Who is online, or the members of a room. `(page, pages)` says which part of them.
pub(super) fn list(
    room: Option<&RoomLabel>,
    rows: &[Presence],
    total: u64,
    (page, pages): (u64, u64),
    pen: &mut Pen<'_>,
) {
    let who = match room {
        None => format!("{total} online"),
        Some(RoomLabel::Room(name)) => format!("{} of #{name}", count(total, "member")),
        Some(RoomLabel::Direct(name)) => format!("{total} in @{name}"),
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

/// Where somebody is just now.
pub(super) fn whereabouts(who: &Presence, last_seen: Option<Timestamp>, pen: &mut Pen<'_>) {
    let name = &who.name;
    let last_here = last_seen.map(|at| format!(", last here {}", pen.moment(at))).unwrap_or_default();
    pen.say(&match (&who.away, who.online) {
        (None, true) => format!("{name} is online."),
        (Some(text), true) => format!("{name} is online, {}.", away(text)),
        (None, false) => format!("{name} is not online{last_here}."),
        (Some(text), false) => format!("{name} is not online, {}{last_here}.", away(text)),
    });
}

/// What is known of an account.
pub(super) fn account(
    created: Timestamp,
    operator: bool,
    rooms: &[RoomLabel],
    addresses: &[Address],
    pen: &mut Pen<'_>,
) {
    let rank = if operator { " Operator of the server." } else { "" };
    pen.say(&format!("Account since {}.{rank}", pen.clock.date(created)));
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

/// One is away, or back.
pub(super) fn away_set(text: Option<&Text>, pen: &mut Pen<'_>) {
    pen.say(&match text {
        Some(text) => format!("You are {}; /back when you return.", away(text)),
        None => "You are back.".to_owned(),
    });
}

/// Whom one wrote to does not read it now.
pub(super) fn not_here(who: &Presence, pen: &mut Pen<'_>) {
    let name = &who.name;
    pen.say(&match (&who.away, who.online) {
        (Some(text), true) => format!("{name} is {} and will see it.", away(text)),
        (None, true) => format!("{name} will see it."),
        (Some(text), false) => format!("{name} is not online, {}, and will see it at the next login.", away(text)),
        (None, false) => format!("{name} is not online and will see it at the next login."),
    });
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{at, check, direct, name, online, room};
    use super::*;
    use crate::chat::{Event, Role};

    fn cho() -> Presence {
        Presence { away: Some(Text::from("lunch")), ..online("cho") }
    }

    fn offline(name: &str) -> Presence {
        Presence { online: false, ..online(name) }
    }

    #[test]
    fn people_are_listed_with_what_matters() {
        let people = |room: Option<RoomLabel>, rows: Vec<Presence>, total, page, pages, expected: &[&str]| {
            check(Event::People { room, rows, total, page, pages }, expected);
        };
        people(
            None,
            vec![online("ana"), online("bob"), cho()],
            3,
            1,
            1,
            &["-- 3 online: ana, bob, cho (away: lunch)."],
        );
        people(None, vec![], 0, 1, 0, &["-- 0 online."]);
        people(None, vec![online("ana")], 214, 2, 3, &["-- 214 online, page 2 of 3: ana.", "-- More: /who 3"]);
        people(None, vec![], 214, 9, 3, &["-- 214 online, nobody on page 9."]);
        let ana = Presence { role: Role::Owner, ..online("ana") };
        let eli = Presence { role: Role::Moderator, ..cho() };
        people(
            Some(room("tea")),
            vec![ana, eli, offline("dee")],
            103,
            1,
            2,
            &[
                "-- 103 members of #tea, page 1 of 2: ana (owner),",
                "--   cho (moderator, away: lunch), dee (offline).",
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
        let talkative =
            Presence { away: Some(Text::from("gone fishing until the kettle boils over")), ..online("fin") };
        people(
            None,
            vec![talkative, Presence { away: Some(Text::from("")), ..online("gus") }],
            2,
            1,
            1,
            &["-- 2 online: fin (away: gone fishing until the kett...), gus (away)."],
        );
    }

    #[test]
    fn an_account_is_told_as_far_as_the_asker_may_know() {
        let created = at("2026-10-01T09:00:00Z");
        let last_seen = Some(at("2026-11-21T22:10:00Z"));
        let account = |who: Presence, last_seen, operator, rooms, addresses, expected: &[&str]| {
            check(Event::Account { who, created, last_seen, operator, rooms, addresses }, expected);
        };
        account(
            online("bob"),
            last_seen,
            true,
            vec![room("general"), room("tea")],
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
                "-- cho is online, away (lunch).",
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
            Presence { online: false, ..cho() },
            last_seen,
            false,
            vec![],
            vec![],
            &["-- cho is not online, away (lunch), last here yesterday 22:10.", "-- Account since 2026-10-01."],
        );
    }

    #[test]
    fn being_away_is_told_to_oneself_and_to_who_writes() {
        check(Event::AwaySet { text: Some(Text::from("lunch")) }, &["-- You are away (lunch); /back when you return."]);
        check(Event::AwaySet { text: Some(Text::from("")) }, &["-- You are away; /back when you return."]);
        check(Event::AwaySet { text: None }, &["-- You are back."]);
        check(Event::NotHere { who: cho() }, &["-- cho is away (lunch) and will see it."]);
        check(Event::NotHere { who: offline("cho") }, &["-- cho is not online and will see it at the next login."]);
        check(
            Event::NotHere { who: Presence { online: false, ..cho() } },
            &["-- cho is not online, away (lunch), and will see it at the next login."],
        );
        check(Event::NotHere { who: Presence { name: name("dee"), ..online("dee") } }, &["-- dee will see it."]);
    }
}
