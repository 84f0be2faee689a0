//! Tokens and connections, to the one whose they are.

use crate::chat::{ClientId, Name, SessionRow, Timestamp, TokenRow, TokenSecret};

use super::pen::Pen;
use super::phrase::count;

/// A new token, which is shown here and never again.
pub(super) fn made(name: &Name, secret: &TokenSecret, until: Option<Timestamp>, pen: &mut Pen<'_>) {
    let until = pen.until(until);
    pen.say(&format!("Token {name} is made and holds {until}. It is shown this once:"));
    pen.say(&secret.0);
    pen.say(&format!("A program gives it in place of your password: login YOUR-NAME {}", secret.0));
    pen.say(&format!("Whoever has it is you. To take it back: /token revoke {name}"));
}

/// The tokens there are.
pub(super) fn list(rows: &[TokenRow], pen: &mut Pen<'_>) {
    if rows.is_empty() {
        return pen.say("You have no tokens. To make one: /token new NAME");
    }
    pen.say(&format!("You have {}:", count(rows.len() as u64, "token")));
    for row in rows {
        let used = row.used.map_or_else(|| "never used".to_owned(), |at| format!("last used {}", pen.moment(at)));
        let (since, until) = (pen.moment(row.created), pen.until(row.until));
        pen.say(&format!("  {}  made {since}, holds {until}, {used}", row.name));
    }
}

/// A token that does not hold any more.
pub(super) fn revoked(name: &Name, closed: u64, pen: &mut Pen<'_>) {
    let closed = match closed {
        0 => String::new(),
        1 => ", and the connection that used it is closed".to_owned(),
        _ => format!(", and the {closed} connections that used it are closed"),
    };
    pen.say(&format!("Token {name} is taken back{closed}."));
}

/// The connections there are.
pub(super) fn sessions(rows: &[SessionRow], pen: &mut Pen<'_>) {
    let times = if rows.len() == 1 { "once".to_owned() } else { format!("{} times", rows.len()) };
    pen.say(&format!("You are connected {times}:"));
    for row in rows {
        let since = pen.moment(row.since);
        let by = row.token.as_ref().map(|token| format!(", by token {token}")).unwrap_or_default();
        let own = if row.own { ", this one" } else { "" };
        let idle = idle(row.heard, pen.now);
        pen.say(&format!("  {}  {} from {}, since {since}, {idle}{by}{own}", row.session, row.front, row.address));
    }
    if rows.len() > 1 {
        pen.say("To close one: /sessions close NUMBER");
    }
}

/// A connection that is closed.
pub(super) fn session_closed(session: ClientId, pen: &mut Pen<'_>) {
    pen.say(&format!("Connection {session} is closed."));
}

/// How long somebody has not asked for anything.
fn idle(heard: Timestamp, now: Timestamp) -> String {
    match now.0.saturating_sub(heard.0) / 60_000 {
        ..1 => "active".to_owned(),
        minutes @ 1..120 => format!("idle for {}", count(minutes.unsigned_abs(), "minute")),
        minutes @ 120..2880 => format!("idle for {}", count((minutes / 60).unsigned_abs(), "hour")),
        minutes => format!("idle for {}", count((minutes / 1440).unsigned_abs(), "day")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{NOW, at, check, name};
    use super::*;
    use crate::address::Address;
    use crate::chat::{Event, Front};

    #[test]
    fn a_token_is_shown_once_and_then_by_its_name() {
        check(
            Event::TokenMade { name: name("bot"), secret: TokenSecret("token:abc".into()), until: None },
            &[
                "-- Token bot is made and holds for good. It is shown this once:",
                "-- token:abc",
                "-- A program gives it in place of your password: login YOUR-NAME token:abc",
                "-- Whoever has it is you. To take it back: /token revoke bot",
            ],
        );
        let (created, until) = (at("2026-11-22T08:00:00Z"), Some(at("2026-11-23T09:32:00Z")));
        let row = TokenRow { name: name("bot"), created, until, used: Some(at("2026-11-21T09:32:00Z")) };
        let unused = TokenRow { until: None, used: None, ..row.clone() };
        check(
            Event::Tokens { rows: vec![row, unused] },
            &[
                "-- You have 2 tokens:",
                "--   bot  made today 08:00, holds until tomorrow 09:32, last used yesterday 09:32",
                "--   bot  made today 08:00, holds for good, never used",
            ],
        );
        check(Event::Tokens { rows: vec![] }, &["-- You have no tokens. To make one: /token new NAME"]);
        let revoked = |closed| Event::TokenRevoked { name: name("bot"), closed };
        check(revoked(0), &["-- Token bot is taken back."]);
        check(revoked(1), &["-- Token bot is taken back, and the connection that used it is closed."]);
        check(revoked(3), &["-- Token bot is taken back, and the 3 connections that used it are closed."]);
    }

    #[test]
    fn connections_tell_what_they_do() {
        let row = SessionRow {
            session: ClientId(17),
            front: Front::Json,
            address: Address::parse("192.0.2.7").unwrap(),
            since: at("2026-11-22T08:00:00Z"),
            heard: Timestamp(NOW.0 - 300_000),
            token: Some(name("bot")),
            own: false,
        };
        let own = SessionRow { session: ClientId(18), front: Front::Text, token: None, own: true, heard: NOW, ..row };
        let bot = SessionRow { own: false, token: Some(name("bot")), heard: Timestamp(NOW.0 - 300_000), ..own.clone() };
        let bot = SessionRow { session: ClientId(17), front: Front::Json, ..bot };
        check(
            Event::Sessions { rows: vec![bot, own.clone()] },
            &[
                "-- You are connected 2 times:",
                "--   17  json from 192.0.2.7, since today 08:00, idle for 5 minutes, by token bot",
                "--   18  text from 192.0.2.7, since today 08:00, active, this one",
                "-- To close one: /sessions close NUMBER",
            ],
        );
        check(
            Event::Sessions { rows: vec![own] },
            &["-- You are connected once:", "--   18  text from 192.0.2.7, since today 08:00, active, this one"],
        );
        check(Event::SessionClosed { session: ClientId(17) }, &["-- Connection 17 is closed."]);
    }
}
