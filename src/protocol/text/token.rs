//! Tokens, and the connections of the reader's account.

use crate::chat::{ClientId, Command, Name, Query, Refusal, SessionRow, Timestamp, TokenRow, TokenScope, TokenSecret};

use super::arguments::{Arguments, is_numeric};
use super::line::Typed;
use super::mistake::Mistake;
use super::pen::{Pen, count};
use super::refusal::Advice;
use super::row::{Group, NOTHING_DONE, Row};

pub(super) static ROWS: &[Row] = &[
    Row {
        name: "token",
        aliases: &[],
        group: Group::You,
        usages: &[],
        summary: "passwords for programs: create, list, revoke",
        help: "Creates a token, which a program gives in place of your password, so that it need not know that; \
               lists your tokens; or revokes one.",
        examples: &[],
        undone: NOTHING_DONE,
        parse: |arguments| {
            if arguments.rest.is_empty() { list_tokens(arguments) } else { arguments.subcommand("new, list or revoke") }
        },
    },
    Row {
        name: "token new",
        aliases: &[],
        group: Group::You,
        usages: &["/token new NAME [read|send|all] [TIME]"],
        summary: "create one, which is shown once",
        help: "Creates a token, which a program gives in place of your password, so that it need not know that. It \
               may only read, also send messages, or do all that you may, except make tokens. It is valid for a time \
               such as 30d, or until you revoke it, and is shown once. The name is for you, to tell your tokens apart.",
        examples: &["/token new bridge", "/token new backup send 30d"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let (name, scope) = (arguments.name("a name")?, optional_scope(arguments));
            Ok(Typed::NewToken { name, scope, seconds: arguments.duration()? })
        },
    },
    Row {
        name: "token list",
        aliases: &[],
        group: Group::You,
        usages: &["/token list"],
        summary: "list those you have",
        help: "Lists your tokens: when they were created, until when they are valid, and when they were last used.",
        examples: &["/token list"],
        undone: NOTHING_DONE,
        parse: list_tokens,
    },
    Row {
        name: "token revoke",
        aliases: &[],
        group: Group::You,
        usages: &["/token revoke NAME"],
        summary: "revoke one",
        help: "Revokes a token. Connections that were logged in by it are closed.",
        examples: &["/token revoke bridge"],
        undone: NOTHING_DONE,
        parse: |arguments| Ok(Typed::command(Command::RevokeToken { name: arguments.name("a name")?, proved: false })),
    },
    Row {
        name: "sessions",
        aliases: &[],
        group: Group::You,
        usages: &["/sessions [PAGE]"],
        summary: "list your connections, or close one",
        help: "Lists your connections: from where, since when, and how long it is since something was asked there. One \
               that you do not know may be somebody else's: close it, and change your password.",
        examples: &["/sessions"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            if arguments.peek().is_none_or(is_numeric) {
                return Ok(Typed::query(Query::Sessions { page: arguments.page()? }));
            }
            arguments.subcommand("the word close")
        },
    },
    Row {
        name: "sessions close",
        aliases: &[],
        group: Group::You,
        usages: &["/sessions close NUMBER"],
        summary: "close one of them",
        help: "Closes one of your connections, by its number in /sessions.",
        examples: &["/sessions close 17"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let session = ClientId(arguments.number("a number")?);
            Ok(Typed::command(Command::CloseSession { session, proved: false }))
        },
    },
];

/// What a token allows, if that is next; all otherwise.
fn optional_scope(arguments: &mut Arguments) -> TokenScope {
    let typed = arguments.peek().map(str::to_ascii_lowercase);
    let scope = SCOPES.iter().find(|(word, _)| typed.as_deref() == Some(*word));
    scope.map_or(TokenScope::All, |(_, scope)| {
        arguments.next();
        *scope
    })
}

/// The words for what tokens allow.
const SCOPES: [(&str, TokenScope); 3] =
    [("read", TokenScope::Read), ("send", TokenScope::Send), ("all", TokenScope::All)];

fn list_tokens(_: &mut Arguments) -> Result<Typed, Mistake> {
    Ok(Typed::query(Query::Tokens))
}

/// A new token, which is shown here and never again.
pub(super) fn created(
    name: &Name,
    secret: &TokenSecret,
    scope: TokenScope,
    until: Option<Timestamp>,
    pen: &mut Pen<'_>,
) {
    pen.say(&match until {
        None => format!("Token {name} created. It does not expire. It is shown this once:"),
        until => format!("Token {name} created, valid {}. It is shown this once:", pen.until(until)),
    });
    pen.say(&secret.0);
    pen.say(&format!("A program gives it in place of your password: login YOUR-NAME {}", secret.0));
    let who = match scope {
        TokenScope::Read => "Whoever has it reads what you can read, and does nothing else.",
        TokenScope::Send => "Whoever has it reads what you can read, and sends messages as you.",
        TokenScope::All => "Whoever has it is you.",
    };
    pen.say(&format!("{who} To revoke it: /token revoke {name}"));
}

/// The tokens there are.
pub(super) fn list(rows: &[TokenRow], pen: &mut Pen<'_>) {
    if rows.is_empty() {
        return pen.say("You have no tokens. To create one: /token new NAME");
    }
    pen.say(&format!("You have {}:", count(rows.len() as u64, "token")));
    for row in rows {
        let used = row.used.map_or_else(|| "never used".to_owned(), |at| format!("last used {}", pen.moment(at)));
        let valid =
            row.until.map_or_else(|| "does not expire".to_owned(), |_| format!("valid {}", pen.until(row.until)));
        let scope = match row.scope {
            TokenScope::Read => "reads, ",
            TokenScope::Send => "reads and sends, ",
            TokenScope::All => "",
        };
        pen.say(&format!("  {}  {scope}created {}, {valid}, {used}", row.name, pen.moment(row.created)));
    }
}

/// A token that is no longer valid.
pub(super) fn revoked(name: &Name, closed: u64, pen: &mut Pen<'_>) {
    let closed = match closed {
        0 => String::new(),
        1 => ", and the connection that used it is closed".to_owned(),
        _ => format!(", and the {closed} connections that used it are closed"),
    };
    pen.say(&format!("Token {name} is revoked{closed}."));
}

/// The connections there are.
pub(super) fn sessions(rows: &[SessionRow], total: u64, (page, pages): (u64, u64), pen: &mut Pen<'_>) {
    let times = if total == 1 { "once".to_owned() } else { format!("{total} times") };
    pen.say(&format!("You are connected {times}:"));
    for row in rows {
        let since = pen.moment(row.since);
        let by = row.token.as_ref().map(|token| format!(", by token {token}")).unwrap_or_default();
        let own = if row.own { ", this one" } else { "" };
        let idle = idle(row.active, pen.context.now);
        pen.say(&format!("  {}  {} from {}, since {since}, {idle}{by}{own}", row.session, row.protocol, row.address));
    }
    if rows.len() > 1 {
        pen.say("To close one: /sessions close NUMBER");
    }
    if page < pages {
        pen.say(&format!("More: /sessions {}", page + 1));
    }
}

/// A connection that is closed.
pub(super) fn session_closed(session: ClientId, pen: &mut Pen<'_>) {
    pen.say(&format!("Connection {session} is closed."));
}

/// For how long nothing was requested.
fn idle(active: Timestamp, now: Timestamp) -> String {
    match now.0.saturating_sub(active.0) / 60_000 {
        ..1 => "active".to_owned(),
        minutes @ 1..120 => format!("idle for {}", count(minutes.unsigned_abs(), "minute")),
        minutes @ 120..2880 => format!("idle for {}", count((minutes / 60).unsigned_abs(), "hour")),
        minutes => format!("idle for {}", count((minutes / 1440).unsigned_abs(), "day")),
    }
}

/// The advice of a refusal about tokens and connections: what was not done, and the next step.
pub(super) fn advice(refusal: &Refusal) -> Option<Advice> {
    Some(match refusal {
        Refusal::TokenExists { name } => Advice::next(format!("Choose another name, or: /token revoke {name}")),
        Refusal::NoSuchToken { .. } => Advice::next("/token list shows those you have."),
        Refusal::TooManyTokens { .. } => Advice::new("Nothing was created.", "Revoke one first: /token list"),
        Refusal::TokenScope { .. } | Refusal::PasswordNeeded => {
            Advice::next("To do that, log in with your password: /logout, then login NAME")
        }
        Refusal::NoSuchSession { .. } => Advice::new("Nothing was closed.", "/sessions lists those you have."),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{
        NOW, at, check, check_command, check_line, check_mistake, check_query, check_refusal, name,
    };
    use super::*;
    use crate::address::Address;
    use crate::chat::Event;

    #[test]
    fn lines_about_tokens_and_connections() {
        let new = |scope, seconds| Typed::NewToken { name: name("bot"), scope, seconds };
        check_line("/token new bot", new(TokenScope::All, None));
        check_line("/token new bot 30d", new(TokenScope::All, Some(2_592_000)));
        check_line("/token new bot read", new(TokenScope::Read, None));
        check_line("/token new bot Send 30d", new(TokenScope::Send, Some(2_592_000)));
        check_line("/token new bot all 1d", new(TokenScope::All, Some(86_400)));
        check_query("/token", Query::Tokens);
        check_query("/token li", Query::Tokens);
        check_command("/token revoke bot", Command::RevokeToken { name: name("bot"), proved: false });
        check_query("/sessions", Query::Sessions { page: 1 });
        check_query("/sessions 2", Query::Sessions { page: 2 });
        check_command("/sessions close 17", Command::CloseSession { session: ClientId(17), proved: false });
        check_mistake(
            "/token make",
            r#"/token does not know "make". Nothing was done. It knows new, list and revoke, as in /token new bridge"#,
        );
        check_mistake(
            "/token new bot 30",
            r#""30" is not a time from 1s to 10 years, such as 30m, 2h, 2d or 1w. Nothing was done. Usage: /token new NAME [read|send|all] [TIME] - for example /token new bridge"#,
        );
    }

    #[test]
    fn a_refusal_says_what_was_not_done_and_the_next_step() {
        check_refusal(
            Refusal::TokenExists { name: name("bot") },
            "You have a token called bot already. Nothing was done. Choose another name, or: /token revoke bot",
        );
        check_refusal(
            Refusal::NoSuchToken { name: name("bot") },
            "You have no token called bot. Nothing was done. /token list shows those you have.",
        );
        check_refusal(
            Refusal::TooManyTokens { max: 20 },
            "You have 20 tokens, which is the most. Nothing was created. Revoke one first: /token list",
        );
        check_refusal(
            Refusal::TokenScope { scope: TokenScope::Send },
            "The token that you logged in with may read and send messages, and nothing else. Nothing was done. To do that, log in with your password: /logout, then login NAME",
        );
        check_refusal(
            Refusal::PasswordNeeded,
            "No token may do that, only your password. Nothing was done. To do that, log in with your password: /logout, then login NAME",
        );
        check_refusal(
            Refusal::NoSuchSession { session: ClientId(3) },
            "You have no connection 3. Nothing was closed. /sessions lists those you have.",
        );
    }

    #[test]
    fn a_token_is_shown_once_and_then_by_its_name() {
        let made = |scope| Event::TokenCreated {
            name: name("bot"),
            secret: TokenSecret("token:abc".into()),
            scope,
            until: None,
        };
        check(
            made(TokenScope::All),
            &[
                "-- Token bot created. It does not expire. It is shown this once:",
                "-- token:abc",
                "-- A program gives it in place of your password: login YOUR-NAME token:abc",
                "-- Whoever has it is you. To revoke it: /token revoke bot",
            ],
        );
        let last = |scope, line: &str| {
            let lines = [
                "-- Token bot created. It does not expire. It is shown this once:",
                "-- token:abc",
                "-- A program gives it in place of your password: login YOUR-NAME token:abc",
                line,
            ];
            check(made(scope), &lines);
        };
        last(
            TokenScope::Read,
            "-- Whoever has it reads what you can read, and does nothing else. To revoke it: /token revoke bot",
        );
        last(
            TokenScope::Send,
            "-- Whoever has it reads what you can read, and sends messages as you. To revoke it: /token revoke bot",
        );
        let (created, until) = (at("2026-11-22T08:00:00Z"), Some(at("2026-11-23T09:32:00Z")));
        let row = TokenRow {
            name: name("bot"),
            scope: TokenScope::Send,
            created,
            until,
            used: Some(at("2026-11-21T09:32:00Z")),
        };
        let unused = TokenRow { scope: TokenScope::All, until: None, used: None, ..row.clone() };
        check(
            Event::Tokens { rows: vec![row, unused] },
            &[
                "-- You have 2 tokens:",
                "--   bot  reads and sends, created today 08:00, valid until tomorrow 09:32, last used yesterday 09:32",
                "--   bot  created today 08:00, does not expire, never used",
            ],
        );
        check(Event::Tokens { rows: vec![] }, &["-- You have no tokens. To create one: /token new NAME"]);
        let revoked = |closed| Event::TokenRevoked { name: name("bot"), closed };
        check(revoked(0), &["-- Token bot is revoked."]);
        check(revoked(1), &["-- Token bot is revoked, and the connection that used it is closed."]);
        check(revoked(3), &["-- Token bot is revoked, and the 3 connections that used it are closed."]);
    }

    #[test]
    fn connections_tell_what_they_do() {
        let row = SessionRow {
            session: ClientId(17),
            protocol: "json",
            address: Address::parse("192.0.2.7").unwrap(),
            since: at("2026-11-22T08:00:00Z"),
            active: Timestamp(NOW.0 - 300_000),
            token: Some(name("bot")),
            own: false,
        };
        let own = SessionRow { session: ClientId(18), protocol: "text", token: None, own: true, active: NOW, ..row };
        let bot =
            SessionRow { own: false, token: Some(name("bot")), active: Timestamp(NOW.0 - 300_000), ..own.clone() };
        let bot = SessionRow { session: ClientId(17), protocol: "json", ..bot };
        check(
            Event::Sessions { rows: vec![bot, own.clone()], total: 2, page: 1, pages: 1 },
            &[
                "-- You are connected 2 times:",
                "--   17  json from 192.0.2.7, since today 08:00, idle for 5 minutes, by token bot",
                "--   18  text from 192.0.2.7, since today 08:00, active, this one",
                "-- To close one: /sessions close NUMBER",
            ],
        );
        check(
            Event::Sessions { rows: vec![own], total: 1, page: 1, pages: 1 },
            &["-- You are connected once:", "--   18  text from 192.0.2.7, since today 08:00, active, this one"],
        );
        check(Event::SessionClosed { session: ClientId(17) }, &["-- Connection 17 is closed."]);
    }
}
