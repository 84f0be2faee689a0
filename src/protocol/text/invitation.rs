//! Invitations: ways into a private room, by name or by a one-time code.

use crate::chat::{Code, Command, InvitationRow, Name, Refusal, RoomLabel, ShownRoom, Timestamp, Visibility};

use super::arguments::is_numeric;
use super::line::Typed;
use super::pen::{Pen, enumerated};
use super::refusal::Advice;
use super::room::{Label, WayTo, bare, visibility_word};
use super::row::{Group, NOTHING_DONE, Row};

pub(super) static ROWS: &[Row] = &[
    Row {
        name: "invite",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/invite NAME [ROOM]"],
        summary: "let somebody in, by name or by a one-time code",
        help: "Invites somebody to your current room or to the one named. With code in place of the name you get a \
               few words that let in whoever first types them after /accept. /uninvite revokes either.",
        examples: &["/invite bob"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let before = arguments.marked_room(&['#'])?;
            // Only the whole word: nobody can be called `code`, but somebody may be called `co`.
            if arguments.peek().is_some_and(|word| word.eq_ignore_ascii_case("code")) {
                arguments.room = before;
                return arguments.subcommand("a name");
            }
            let who = arguments.person()?;
            Ok(Typed::command(Command::Invite { who, room: arguments.or_room(before)? }))
        },
    },
    Row {
        name: "invite code",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/invite code [ROOM]"],
        summary: "get a code that lets one person in",
        help: "Gives you a few words that let in whoever first types them after /accept, within a day. /uninvite \
               revokes them.",
        examples: &["/invite code #tea"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let before = arguments.room.take();
            Ok(Typed::InviteCode { room: arguments.or_room(before)? })
        },
    },
    Row {
        name: "accept",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/accept [ROOM [NAME]]", "/accept CODE"],
        summary: "enter a room that you are invited to",
        help: "Enters a room that you are invited to. If you have a single invitation no more is needed; otherwise \
               name the room, and who invited you if several rooms of that name are meant. Whoever gave you a code \
               gave you the room: type the code instead.",
        examples: &["/accept", "/accept maple-otter-42"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            // People may type a code with spaces; its last part is a number.
            let typed = arguments.rest;
            let is_code = typed.contains(' ') && typed.split_whitespace().next_back().is_some_and(is_numeric);
            if is_code {
                let code = arguments.take_rest().split_whitespace().collect::<Vec<_>>().join("-");
                return Ok(Typed::command(Command::Accept { what: Some(arguments.name_of(typed, &code)?), by: None }));
            }
            let what = arguments.optional_name()?;
            let by = if arguments.rest.is_empty() { None } else { Some(arguments.person()?) };
            Ok(Typed::command(Command::Accept { what, by }))
        },
    },
    Row {
        name: "uninvite",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/uninvite NAME [ROOM]", "/uninvite CODE [ROOM]"],
        summary: "revoke an invitation or a code",
        help: "Revokes an invitation, or a one-time code, that was not used yet. Somebody who is in the room \
               already stays there.",
        examples: &["/uninvite bob", "/uninvite maple-otter-42 #tea"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let before = arguments.marked_room(&['#'])?;
            let what = arguments.person()?;
            Ok(Typed::command(Command::Uninvite { what, room: arguments.or_room(before)? }))
        },
    },
];

/// To the inviter.
pub(super) fn invited(who: &Name, room: &RoomLabel, until: Timestamp, notified: bool, pen: &mut Pen<'_>) {
    let then = if notified { "and was notified" } else { "and will see it at the next login" };
    pen.say(&format!("{who} is invited to {} {}, {then}.", Label(room), pen.until(Some(until))));
}

/// To the invited person. That the room is private tells it from a public one of that name.
pub(super) fn received(invitation: &InvitationRow, pen: &mut Pen<'_>) {
    let InvitationRow { room, visibility, by, until } = invitation;
    let kind = if *visibility == Visibility::Private { " (private)" } else { "" };
    let until = pen.until(Some(*until));
    pen.say(&format!("{by} invites you to {}{kind} {until}: /accept {}", Label(room), bare(room)));
}

/// A code may be read to somebody, so its line has little else.
pub(super) fn code_created(room: &RoomLabel, code: &Code, until: Timestamp, pen: &mut Pen<'_>) {
    pen.say(&format!("One-time code for {}, valid {}: {code}", Label(room), pen.until(Some(until))));
    pen.say(&format!("Whoever types it first gets in, once: /accept {code}"));
}

/// `what` may be an account or a code.
pub(super) fn revoked(what: &Name, room: &RoomLabel, pen: &mut Pen<'_>) {
    pen.say(&format!("The invitation to {} is revoked: {what}", Label(room)));
}

/// The invitations and codes of a room that are open.
pub(super) fn open(invited: &[Name], codes: &[Code], pen: &mut Pen<'_>) {
    say_all("Invited:", invited.iter().map(Name::to_string).collect(), pen);
    say_all("Open codes:", codes.iter().map(Code::to_string).collect(), pen);
}

fn say_all(lead: &str, pieces: Vec<String>, pen: &mut Pen<'_>) {
    if !pieces.is_empty() {
        pen.list("", " ", std::iter::once(lead.to_owned()).chain(enumerated(pieces)));
    }
}

/// The advice of a refusal about invitations: what was not done, and the next step.
pub(super) fn advice(refusal: &Refusal) -> Option<Advice> {
    Some(match refusal {
        Refusal::NoSuchInvitation { room: Some(_), .. } => Advice::next(""),
        Refusal::NoSuchInvitation { what: Some(_), .. } => Advice::next("Ask for a new one."),
        Refusal::NoSuchInvitation { what: None, .. } => Advice::next("Ask somebody in the room to invite you."),
        Refusal::WhichInvitation { rooms, by, .. } => {
            let way = way_in(rooms, by).unwrap_or_else(|| "/accept ROOM".to_owned());
            match rooms.len() {
                1 => Advice::next(format!("Another has just ended. To accept this one: {way}")),
                _ => Advice::next(format!("Name one: {way}")),
            }
        }
        Refusal::WhichRoom { room, visibility, rooms, by } => {
            let first = format!("{} {} goes there", WayTo(room), visibility_word(*visibility));
            match way_in(rooms, by) {
                Some(way) => Advice::next(format!("{first}, {way} to the other.")),
                None => Advice::next(format!("{first}.")),
            }
        }
        Refusal::TargetBanned { room, who } => Advice::next(format!("To lift the ban: /unban {} {who}", Label(room))),
        Refusal::TooManyInvitations { .. } => Advice::next("/room shows them, /uninvite revokes one."),
        Refusal::TooManyCodes => Advice::next("Wait a while, or ask for an invitation."),
        _ => return None,
    })
}

/// How the first of several invitations is accepted: the inviter is named where the room's name could mean another.
fn way_in(rooms: &[ShownRoom], by: &[Name]) -> Option<String> {
    let (room, by) = (rooms.first()?, by.first()?);
    let is_namesake = |other: &&ShownRoom| other.label == room.label;
    let inviter = if rooms.iter().filter(is_namesake).count() > 1 { format!(" {by}") } else { String::new() };
    Some(format!("/accept {}{inviter}", bare(room)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{
        at, check, check_command, check_line, check_refusal, code, invitation, name, room, with_id,
    };
    use super::*;
    use crate::chat::Event;

    #[test]
    fn lines_that_invite_and_accept() {
        let tea = || Some(room("tea"));
        check_command("/invite bob", Command::Invite { who: name("bob"), room: None });
        check_command("/invite bob tea", Command::Invite { who: name("bob"), room: tea() });
        check_command("/invite #tea @bob", Command::Invite { who: name("bob"), room: tea() });
        check_line("/invite code", Typed::InviteCode { room: None });
        check_line("/invite Code #tea", Typed::InviteCode { room: tea() });
        check_line("/invite #tea code", Typed::InviteCode { room: tea() });
        check_command("/accept", Command::Accept { what: None, by: None });
        check_command("/accept #tea", Command::Accept { what: Some(name("tea")), by: None });
        let by = || Some(name("bob"));
        check_command("/accept tea @bob", Command::Accept { what: Some(name("tea")), by: by() });
        check_command("/acce maple-otter-42", Command::Accept { what: Some(name("maple-otter-42")), by: None });
        check_command("/accept maple otter 42", Command::Accept { what: Some(name("maple-otter-42")), by: None });
        check_command("/uninvite bob tea", Command::Uninvite { what: name("bob"), room: tea() });
        check_command("/uninvite #tea bob", Command::Uninvite { what: name("bob"), room: tea() });
    }

    #[test]
    fn an_invitation_tells_how_long_it_lasts() {
        let until = at("2026-11-23T09:32:00Z");
        check(
            Event::Invited { who: name("bob"), room: with_id(room("tea")), until, notified: true },
            &["-- bob is invited to #tea until tomorrow 09:32, and was notified."],
        );
        check(
            Event::Invited { who: name("bob"), room: with_id(room("tea")), until, notified: false },
            &["-- bob is invited to #tea until tomorrow 09:32, and will see it at the next login."],
        );
        check(
            Event::InvitationReceived(invitation()),
            &["-- bob invites you to #tea (private) until tomorrow 09:32: /accept tea"],
        );
        check(
            Event::CodeCreated { room: with_id(room("tea")), code: code(), until: at("2026-11-30T09:32:00Z") },
            &[
                &format!("-- One-time code for #tea, valid until 2026-11-30 09:32: {}", code()),
                &format!("-- Whoever types it first gets in, once: /accept {}", code()),
            ],
        );
        check(
            Event::Uninvited { what: name("bob"), room: with_id(room("tea")) },
            &["-- The invitation to #tea is revoked: bob"],
        );
    }

    #[test]
    fn a_refusal_says_what_was_not_done_and_the_next_step() {
        let tea = || room("tea");
        let which = |rooms: &[&str], by: &[&str]| Refusal::WhichInvitation {
            rooms: rooms.iter().map(|text| with_id(room(text))).collect(),
            by: by.iter().map(|text| name(text)).collect(),
            more: 0,
        };
        check_refusal(
            Refusal::NoSuchInvitation { what: Some(name("tea")), room: None },
            "No open invitation \"tea\": it may have been used, revoked, or have expired. Nothing was done. Ask for a new one.",
        );
        check_refusal(
            Refusal::NoSuchInvitation { what: None, room: None },
            "You have no open invitation. Nothing was done. Ask somebody in the room to invite you.",
        );
        check_refusal(
            Refusal::NoSuchInvitation { what: Some(name("zed")), room: Some(with_id(tea())) },
            "zed has no open invitation to #tea. Nothing was done.",
        );
        check_refusal(
            which(&["tea", "rust"], &["ana", "ana"]),
            "You have 2 open invitations: #tea by ana and #rust by ana. Nothing was done. Name one: /accept tea",
        );
        check_refusal(
            which(&["tea", "tea"], &["ana", "bob"]),
            "You have 2 open invitations: #tea by ana and #tea by bob. Nothing was done. Name one: /accept tea ana",
        );
        check_refusal(
            which(&["tea"], &["ana"]),
            "You have 1 open invitation: #tea by ana. Nothing was done. Another has just ended. To accept this one: /accept tea",
        );
        let which_room = |visibility, rooms: &[&str], by: &[&str]| Refusal::WhichRoom {
            room: with_id(tea()),
            visibility,
            rooms: rooms.iter().map(|text| with_id(room(text))).collect(),
            by: by.iter().map(|text| name(text)).collect(),
        };
        check_refusal(
            which_room(Visibility::Public, &["tea"], &["ana"]),
            "#tea is a public room, and you are invited to another of that name by ana. Nothing was done. \
             /join #tea public goes there, /accept tea to the other.",
        );
        check_refusal(
            which_room(Visibility::Private, &["tea", "tea"], &["ana", "bob"]),
            "#tea is a private room, and you are invited to another of that name by ana and bob. Nothing was done. \
             /join #tea private goes there, /accept tea ana to the other.",
        );
        check_refusal(
            which_room(Visibility::Public, &[], &[]),
            "#tea is a public room, and your invitation to another of that name has just ended. Nothing was done. \
             /join #tea public goes there.",
        );
        check_refusal(
            Refusal::TargetBanned { room: with_id(tea()), who: name("bob") },
            "bob is banned from #tea. Nothing was done. To lift the ban: /unban #tea bob",
        );
        check_refusal(
            Refusal::TooManyInvitations { room: with_id(tea()), max: 100 },
            "#tea has 100 open invitations, which is the most. Nothing was done. /room shows them, /uninvite revokes one.",
        );
        check_refusal(
            Refusal::TooManyCodes,
            "Too many wrong codes were tried. Nothing was done. Wait a while, or ask for an invitation.",
        );
    }
}
