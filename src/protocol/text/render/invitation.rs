//! Ways into a private room.

use crate::chat::{Code, InvitationRow, Name, RoomLabel, Timestamp};

use super::pen::Pen;
use super::phrase::{Label, enumerated};

/// To whoever invited.
pub(super) fn made(who: &Name, room: &RoomLabel, until: Timestamp, told: bool, pen: &mut Pen<'_>) {
    let then = if told { "and has been told" } else { "and will see it at the next login" };
    pen.say(&format!("{who} is invited to {} {}, {then}.", Label(room), pen.until(Some(until))));
}

/// To whoever is invited.
pub(super) fn received(invitation: &InvitationRow, pen: &mut Pen<'_>) {
    let InvitationRow { room, by, until } = invitation;
    pen.say(&format!("{by} invites you to #{room} {}: /accept {room}", pen.until(Some(*until))));
}

/// A code can be read aloud, so it has a line almost for itself.
pub(super) fn code_made(room: &RoomLabel, code: &Code, until: Timestamp, pen: &mut Pen<'_>) {
    pen.say(&format!("One-time code for {}, good {}: {code}", Label(room), pen.until(Some(until))));
    pen.say(&format!("Whoever types it first gets in, once: /accept {code}"));
}

/// `what` may be an account or a code.
pub(super) fn taken_back(what: &Name, room: &RoomLabel, pen: &mut Pen<'_>) {
    pen.say(&format!("The invitation to {} is taken back: {what}", Label(room)));
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

#[cfg(test)]
mod tests {
    use super::super::oracle::{at, check, code, invitation, name, room};
    use crate::chat::Event;

    #[test]
    fn an_invitation_tells_how_long_it_lasts() {
        let until = at("2026-11-23T09:32:00Z");
        check(
            Event::Invited { who: name("bob"), room: room("tea"), until, told: true },
            &["-- bob is invited to #tea until tomorrow 09:32, and has been told."],
        );
        check(
            Event::Invited { who: name("bob"), room: room("tea"), until, told: false },
            &["-- bob is invited to #tea until tomorrow 09:32, and will see it at the next login."],
        );
        check(
            Event::InvitationReceived(invitation()),
            &["-- bob invites you to #tea until tomorrow 09:32: /accept tea"],
        );
        check(
            Event::CodeMade { room: room("tea"), code: code(), until: at("2026-11-30T09:32:00Z") },
            &[
                &format!("-- One-time code for #tea, good until 2026-11-30 09:32: {}", code()),
                &format!("-- Whoever types it first gets in, once: /accept {}", code()),
            ],
        );
        check(
            Event::Uninvited { what: name("bob"), room: room("tea") },
            &["-- The invitation to #tea is taken back: bob"],
        );
    }
}
