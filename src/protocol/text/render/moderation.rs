//! What moderators and operators are told about what they did.

use crate::chat::{BanRow, BanTarget, Departure, Name, RoomLabel};

use super::pen::Pen;
use super::phrase::{Label, because, count};

/// Somebody was put out of a room, by the reader.
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
    pen.say(&format!("{} is not banned from {} any more.", target_of(target), place(room)));
}

/// The bans that are in force, one a line: the reason is not cut, because it is what one looks for.
pub(super) fn bans(room: Option<&RoomLabel>, rows: &[BanRow], pen: &mut Pen<'_>) {
    if rows.is_empty() {
        return pen.say(&format!("Nobody is banned from {}.", place(room)));
    }
    pen.say(&format!("{} from {}:", count(rows.len() as u64, "ban"), place(room)));
    for ban in rows {
        let BanRow { by, why, .. } = ban;
        let (since, until) = (pen.moment(ban.at), pen.until(ban.until));
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        pen.say(&format!("  {}  by {by} {since}, {until}{why}", target_of(&ban.target)));
    }
}

/// An account or address is kept from the server.
pub(super) fn server_banned(ban: &BanRow, closed: u64, pen: &mut Pen<'_>) {
    let closed = if closed == 0 { String::new() } else { format!(", {} closed", count(closed, "connection")) };
    let until = pen.until(ban.until);
    pen.say(&format!("{} is banned from the server {until}{closed}{}", target_of(&ban.target), because(&ban.why)));
}

/// Somebody's connections are closed.
pub(super) fn server_kicked(who: &Name, closed: u64, pen: &mut Pen<'_>) {
    pen.say(&match closed {
        0 => format!("{who} is not connected. Nothing was done."),
        _ => format!("{who} is disconnected, {} closed. Only a ban keeps somebody away.", count(closed, "connection")),
    });
}

/// Somebody has or had charge of the server.
pub(super) fn operator_set(who: &Name, operator: bool, you: bool, pen: &mut Pen<'_>) {
    let now = if operator { "now an operator of the server" } else { "not an operator of the server any more" };
    pen.say(&match (you, operator) {
        (true, true) => format!("You are {now}. /help server shows what you can do."),
        (true, false) => format!("You are {now}."),
        (false, _) => format!("{who} is {now}."),
    });
}

fn place(room: Option<&RoomLabel>) -> String {
    room.map_or_else(|| "the server".to_owned(), |room| Label(room).to_string())
}

fn target_of(target: &BanTarget) -> String {
    match target {
        BanTarget::Account(name) => name.to_string(),
        BanTarget::Address(address) => address.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{at, check, name, room};
    use super::*;
    use crate::address::Address;
    use crate::chat::{Event, Text, Timestamp};

    fn tomorrow() -> Option<Timestamp> {
        Some(at("2026-11-23T09:32:00Z"))
    }

    fn ban(target: BanTarget, until: Option<Timestamp>, why: &str) -> BanRow {
        BanRow { target, by: name("ana"), at: at("2026-11-21T22:10:00Z"), until, why: Text::from(why) }
    }

    fn bob() -> BanTarget {
        BanTarget::Account(name("bob"))
    }

    fn address() -> BanTarget {
        BanTarget::Address(Address::parse("2001:db8::1").unwrap())
    }

    #[test]
    fn what_was_done_to_a_member_is_confirmed() {
        let removed = |departure: Departure, expected: &str| {
            check(Event::Removed { room: room("tea"), who: name("bob"), departure }, &[expected]);
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
            "-- bob is banned from #tea for good. To lift that: /unban #tea bob",
        );
        removed(Departure::Left, "-- bob is out of #tea.");
    }

    #[test]
    fn bans_are_listed_and_lifted() {
        check(Event::Bans { room: Some(room("tea")), rows: vec![] }, &["-- Nobody is banned from #tea."]);
        check(Event::Bans { room: None, rows: vec![] }, &["-- Nobody is banned from the server."]);
        let rows = vec![ban(bob(), tomorrow(), "spam"), ban(address(), None, "")];
        check(
            Event::Bans { room: None, rows },
            &[
                "-- 2 bans from the server:",
                "--   bob  by ana yesterday 22:10, until tomorrow 09:32: spam",
                "--   2001:db8::/64  by ana yesterday 22:10, for good",
            ],
        );
        check(
            Event::Bans { room: Some(room("tea")), rows: vec![ban(bob(), None, "spam")] },
            &["-- 1 ban from #tea:", "--   bob  by ana yesterday 22:10, for good: spam"],
        );
        check(
            Event::Unbanned { room: Some(room("tea")), target: bob() },
            &["-- bob is not banned from #tea any more."],
        );
        check(
            Event::Unbanned { room: None, target: address() },
            &["-- 2001:db8::/64 is not banned from the server any more."],
        );
    }

    #[test]
    fn operators_see_what_became_of_their_orders() {
        check(
            Event::ServerBanned { ban: ban(bob(), tomorrow(), "spam"), closed: 2 },
            &["-- bob is banned from the server until tomorrow 09:32, 2 connections closed: spam"],
        );
        check(
            Event::ServerBanned { ban: ban(address(), None, ""), closed: 0 },
            &["-- 2001:db8::/64 is banned from the server for good."],
        );
        check(Event::ServerKicked { who: name("bob"), closed: 0 }, &["-- bob is not connected. Nothing was done."]);
        check(
            Event::ServerKicked { who: name("bob"), closed: 1 },
            &["-- bob is disconnected, 1 connection closed. Only a ban keeps somebody away."],
        );
        check(
            Event::OperatorSet { who: name("bob"), operator: true, you: true },
            &["-- You are now an operator of the server. /help server shows what you can do."],
        );
        check(
            Event::OperatorSet { who: name("bob"), operator: true, you: false },
            &["-- bob is now an operator of the server."],
        );
        check(
            Event::OperatorSet { who: name("bob"), operator: false, you: false },
            &["-- bob is not an operator of the server any more."],
        );
    }
}
