//! How a session goes on and how it ends.

use crate::chat::{Farewell, Name, RoomLabel};

use super::pen::Pen;
use super::phrase::{Label, because, few};

/// How many rooms are named at the end.
const STAY_MAX: usize = 5;

/// The last words of a session, and that nothing is lost.
pub(super) fn ended(name: &Name, farewell: &Farewell, sent: u64, rooms: &[RoomLabel], pen: &mut Pen<'_>) {
    let saved = saved(sent);
    match farewell {
        Farewell::Quit => pen.say(&format!("Bye {name}.{saved}{}", stay(rooms))),
        Farewell::LoggedOut => {
            pen.say(&format!("You are logged out, {name}.{saved}{}", stay(rooms)));
            pen.say("The connection stays open.");
        }
        Farewell::AccountDeleted => {
            pen.say(&format!("The account {name} is deleted. What was written with it stays, under the name ghost."))
        }
        Farewell::PasswordChanged => pen.say(&format!(
            "Your password was changed on another connection, so this one is closed.{saved} Log in with the new one."
        )),
        Farewell::TokenRevoked { name: token } => {
            pen.say(&format!("The token {token} was taken back, so this connection, which used it, is closed.{saved}"))
        }
        Farewell::ClosedElsewhere => {
            pen.say(&format!("You closed this connection from another one of yours.{saved} You may connect again."));
        }
        Farewell::Kicked { why } => {
            pen.say(&format!("Bye {name}.{saved} You may connect again."));
            pen.say(&format!("An operator of the server closed your connections{}", because(why)));
        }
        Farewell::Banned { until, why } => {
            pen.say(&format!("Bye {name}.{saved}"));
            pen.say(&format!("You are banned from the server {}{}", pen.until(*until), because(why)));
        }
    }
}

fn saved(sent: u64) -> String {
    match sent {
        0 => String::new(),
        1 => " The message you sent is saved.".to_owned(),
        2 => " Both messages you sent are saved.".to_owned(),
        _ => format!(" All {sent} messages you sent are saved."),
    }
}

/// In which rooms one stays. Direct rooms cannot be left, so they need no telling.
fn stay(rooms: &[RoomLabel]) -> String {
    let rooms: Vec<String> =
        rooms.iter().filter(|room| matches!(room, RoomLabel::Room(_))).map(|room| Label(room).to_string()).collect();
    if rooms.is_empty() { String::new() } else { format!(" You stay in {}.", few(&rooms, STAY_MAX)) }
}

/// Whether stored messages are acknowledged.
pub(super) fn acks_set(on: bool, pen: &mut Pen<'_>) {
    pen.say(if on {
        "Each message you send is now answered when it is saved. /set acks off stops that."
    } else {
        "Saved messages are not answered any more. One that is not saved still is."
    });
}

/// The new password counts.
pub(super) fn password_changed(closed: u64, tokens: u64, pen: &mut Pen<'_>) {
    pen.say(&match closed {
        0 => "Your password is changed.".to_owned(),
        1 => "Your password is changed, and your other connection is closed.".to_owned(),
        _ => format!("Your password is changed, and your {closed} other connections are closed."),
    });
    if tokens > 0 {
        let hold = if tokens == 1 { "token still holds" } else { "tokens still hold" };
        pen.say(&format!("Your {tokens} {hold}: /token list shows what you may want to take back."));
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{at, check, direct, name, room};
    use super::*;
    use crate::chat::{Event, Text};

    #[test]
    fn leaving_tells_that_nothing_is_lost() {
        let ended = |farewell: Farewell, sent, rooms: Vec<RoomLabel>, expected: &[&str]| {
            check(Event::Ended { name: name("ana"), farewell, sent, rooms }, expected);
        };
        let both = || vec![room("general"), direct("bob"), room("tea")];
        let until = Some(at("2026-11-23T09:32:00Z"));
        ended(
            Farewell::Quit,
            4,
            both(),
            &["-- Bye ana. All 4 messages you sent are saved. You stay in #general and #tea."],
        );
        ended(
            Farewell::Quit,
            2,
            both(),
            &["-- Bye ana. Both messages you sent are saved. You stay in #general and #tea."],
        );
        ended(
            Farewell::Quit,
            1,
            vec![room("general")],
            &["-- Bye ana. The message you sent is saved. You stay in #general."],
        );
        ended(Farewell::Quit, 0, vec![direct("bob")], &["-- Bye ana."]);
        ended(
            Farewell::Quit,
            0,
            (0..10).map(|n| room(&format!("r{n}"))).collect(),
            &["-- Bye ana. You stay in #r0, #r1, #r2, #r3, #r4 and 5 more."],
        );
        ended(
            Farewell::LoggedOut,
            1,
            both(),
            &[
                "-- You are logged out, ana. The message you sent is saved. You stay in #general and #tea.",
                "-- The connection stays open.",
            ],
        );
        ended(
            Farewell::AccountDeleted,
            3,
            vec![],
            &["-- The account ana is deleted. What was written with it stays, under the name ghost."],
        );
        ended(
            Farewell::PasswordChanged,
            1,
            both(),
            &[
                "-- Your password was changed on another connection, so this one is closed. The message you sent is saved. \
             Log in with the new one.",
            ],
        );
        ended(
            Farewell::Kicked { why: Text::from("too loud") },
            3,
            both(),
            &[
                "-- Bye ana. All 3 messages you sent are saved. You may connect again.",
                "-- An operator of the server closed your connections: too loud",
            ],
        );
        ended(
            Farewell::Banned { until, why: Text::from("spam") },
            0,
            both(),
            &["-- Bye ana.", "-- You are banned from the server until tomorrow 09:32: spam"],
        );
        ended(
            Farewell::Banned { until: None, why: Text::from("") },
            0,
            both(),
            &["-- Bye ana.", "-- You are banned from the server for good."],
        );
    }

    #[test]
    fn settings_tell_what_happens_from_now_on() {
        check(
            Event::AcksSet { on: true },
            &["-- Each message you send is now answered when it is saved. /set acks off stops that."],
        );
        check(
            Event::AcksSet { on: false },
            &["-- Saved messages are not answered any more. One that is not saved still is."],
        );
        check(Event::PasswordChanged { closed: 0, tokens: 0 }, &["-- Your password is changed."]);
        check(
            Event::PasswordChanged { closed: 1, tokens: 0 },
            &["-- Your password is changed, and your other connection is closed."],
        );
        check(
            Event::PasswordChanged { closed: 2, tokens: 1 },
            &[
                "-- Your password is changed, and your 2 other connections are closed.",
                "-- Your 1 token still holds: /token list shows what you may want to take back.",
            ],
        );
    }
}
