//! Notices: what happened to the reader's account by another's hand, or by time.

use crate::chat::{Notice, Timestamp};

use super::pen::Pen;

/// A notice, and when that was.
pub(super) fn shown(at: Timestamp, notice: &Notice, pen: &mut Pen<'_>) {
    let at = pen.moment(at);
    pen.say(&match notice {
        Notice::PasswordCode { by } => {
            let by = by.as_ref().map_or("The keeper of the server".to_owned(), |by| format!("{by}, an operator,"));
            format!("{by} made a code for a new password of yours {at}. If you did not ask for it, ask why.")
        }
        Notice::InvitationOver { room, by, revoked: false } => {
            format!("{by}'s invitation of you to #{room} expired {at}. To get in, ask for a new one.")
        }
        Notice::InvitationOver { room, by, revoked: true } => {
            format!("{by}'s invitation of you to #{room} was taken back {at}.")
        }
        Notice::InvitationUnused { room, who, revoked: false } => {
            format!("Your invitation of {who} to #{room} expired unused {at}. To invite again: /invite {who} {room}")
        }
        Notice::InvitationUnused { room, who, revoked: true } => {
            format!("Your invitation of {who} to #{room} was taken back {at}.")
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, check, name};
    use super::*;
    use crate::chat::Event;

    #[test]
    fn a_notice_tells_what_happened_and_when() {
        let at = at("2026-11-22T08:00:00Z");
        let shown = |notice, expected: &str| check(Event::Notice { at, notice }, &[expected]);
        let (room, who, by) = (|| name("tea"), || name("zed"), || name("bob"));
        shown(
            Notice::PasswordCode { by: Some(by()) },
            "-- bob, an operator, made a code for a new password of yours today 08:00. If you did not ask for it, ask why.",
        );
        shown(
            Notice::PasswordCode { by: None },
            "-- The keeper of the server made a code for a new password of yours today 08:00. If you did not ask for it, ask why.",
        );
        shown(
            Notice::InvitationOver { room: room(), by: by(), revoked: false },
            "-- bob's invitation of you to #tea expired today 08:00. To get in, ask for a new one.",
        );
        shown(
            Notice::InvitationOver { room: room(), by: by(), revoked: true },
            "-- bob's invitation of you to #tea was taken back today 08:00.",
        );
        shown(
            Notice::InvitationUnused { room: room(), who: who(), revoked: false },
            "-- Your invitation of zed to #tea expired unused today 08:00. To invite again: /invite zed tea",
        );
        shown(
            Notice::InvitationUnused { room: room(), who: who(), revoked: true },
            "-- Your invitation of zed to #tea was taken back today 08:00.",
        );
    }
}
