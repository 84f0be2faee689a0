//! The server as a whole: help, its operators, and what it says to everybody.

use crate::chat::{BanRow, Command, Name, Query, Refusal};
use crate::protocol::Context;
use crate::protocol::foreign::ForeignProtocol;

use super::help;
use super::line::Typed;
use super::moderation::{NOBODY_BANNED, because, target_of};
use super::pen::{Pen, count, notice};
use super::refusal::Advice;
use super::row::{Group, NOTHING_DONE, Row};

/// Shown to everybody when the store cannot be trusted any more.
pub const STORE_FAILED: &str = "The server cannot write to its disk any more, so it stops. \
     Lines of yours from the last moments may not be saved; nobody has seen those.";

pub(super) static ROWS: &[Row] = &[
    Row {
        name: "help",
        aliases: &["h", "?"],
        group: Group::Server,
        usages: &["/help [COMMAND]", "/help all", "/help typing"],
        summary: "explain a command",
        help: "Alone, shows the commands one needs. With the name of a command, explains that one; so does -h after \
               it. /help all lists all commands, /help typing tells what happens to what you type.",
        examples: &["/help join", "/join -h", "/help all", "/help typing"],
        undone: NOTHING_DONE,
        parse: |arguments| help::parse(arguments).map(Typed::Help),
    },
    Row {
        name: "version",
        aliases: &[],
        group: Group::Server,
        usages: &["/version"],
        summary: "show which server this is",
        help: "Shows the name and the version of the server program.",
        examples: &["/version", "/ver"],
        undone: NOTHING_DONE,
        parse: |_| Ok(Typed::Version),
    },
    Row {
        name: "operator",
        aliases: &[],
        group: Group::Server,
        usages: &["/operator CODE"],
        summary: "become the first operator, by the printed code",
        help: "Makes you the first operator of the server. The code was printed where the server was started, and \
               works once. Later operators are made by /server op.",
        examples: &["/operator maple-otter-river-stone-lamp-42", "/oper maple otter river stone lamp 42"],
        undone: NOTHING_DONE,
        parse: |arguments| Ok(Typed::command(Command::ClaimOperator { code: arguments.code()? })),
    },
    Row {
        name: "server",
        aliases: &[],
        group: Group::Server,
        usages: &[],
        summary: "keep order in the whole server (operators)",
        help: "For operators. Closes all connections of somebody, keeps an account or an address off the server for \
               a time or permanently, lifts and lists such bans, makes or unmakes operators, chooses who can register, \
               and helps who forgot a password.",
        examples: &[],
        undone: NOTHING_DONE,
        parse: |arguments| arguments.subcommand("what to do"),
    },
    Row {
        name: "server kick",
        aliases: &[],
        group: Group::Server,
        usages: &["/server kick NAME [WHY]"],
        summary: "close all connections of somebody",
        help: "For operators. Closes all connections of somebody, who may connect again.",
        examples: &["/server kick bob please calm down"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let who = arguments.person()?;
            Ok(Typed::command(Command::ServerKick { who, why: arguments.optional_text() }))
        },
    },
    Row {
        name: "server ban",
        aliases: &[],
        group: Group::Server,
        usages: &["/server ban NAME [TIME] [WHY]", "/server ban ADDRESS [TIME] [WHY]"],
        summary: "keep somebody off the server",
        help: "For operators. Keeps an account or an address off the server, for a time such as 2d or permanently.",
        examples: &["/server ban bob", "/server ban 192.0.2.7 2d flooding"],
        undone: NOBODY_BANNED,
        parse: |arguments| {
            let (target, seconds) = (arguments.ban_target()?, arguments.duration()?);
            Ok(Typed::command(Command::ServerBan { target, seconds, why: arguments.optional_text() }))
        },
    },
    Row {
        name: "server unban",
        aliases: &[],
        group: Group::Server,
        usages: &["/server unban NAME", "/server unban ADDRESS"],
        summary: "lift a ban of the server",
        help: "For operators. Lifts a ban of the server.",
        examples: &["/server unban bob", "/server unban 192.0.2.7"],
        undone: NOTHING_DONE,
        parse: |arguments| Ok(Typed::command(Command::ServerUnban { target: arguments.ban_target()? })),
    },
    Row {
        name: "server bans",
        aliases: &[],
        group: Group::Server,
        usages: &["/server bans [PAGE]"],
        summary: "list the bans of the server",
        help: "For operators. Lists who is banned from the server, by whom, until when and why. A long \
               list comes in pages.",
        examples: &["/server bans", "/server bans 2"],
        undone: NOTHING_DONE,
        parse: |arguments| Ok(Typed::query(Query::ServerBans { page: arguments.page()? })),
    },
    Row {
        name: "server op",
        aliases: &[],
        group: Group::Server,
        usages: &["/server op NAME"],
        summary: "make somebody an operator",
        help: "For operators. Makes somebody an operator of the server.",
        examples: &["/server op cho"],
        undone: NOTHING_DONE,
        parse: |arguments| Ok(Typed::command(Command::ServerPromote { who: arguments.person()? })),
    },
    Row {
        name: "server deop",
        aliases: &[],
        group: Group::Server,
        usages: &["/server deop NAME"],
        summary: "make an operator a plain account",
        help: "For operators. Makes an operator of the server a plain account.",
        examples: &["/server deop cho"],
        undone: NOTHING_DONE,
        parse: |arguments| Ok(Typed::command(Command::ServerDemote { who: arguments.person()? })),
    },
];

/// Which server this is.
pub fn version(server_name: &str, version: &str) -> String {
    format!("{server_name} is chat-server {version}.")
}

/// Refused: the client speaks another protocol.
pub fn foreign(protocol: ForeignProtocol) -> &'static str {
    match protocol {
        ForeignProtocol::Http => "This port is for people with telnet, not for browsers. Type: telnet HOST PORT",
        ForeignProtocol::Tls => "This port is not encrypted. Connect without TLS: telnet HOST PORT",
        ForeignProtocol::Ssh => "This port is for telnet, not for ssh. Type: telnet HOST PORT",
        ForeignProtocol::Irc => "This port is for people with telnet, not for IRC clients. Type: telnet HOST PORT",
    }
}

/// Appends the line that says which day it is now: `-- Sunday 22 November`.
pub fn new_day(context: Context, out: &mut Vec<u8>) {
    notice(&context.clock.long_day(context.now), out);
}

/// An account or address is kept off the server.
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

/// Somebody is an operator from now on, or no longer.
pub(super) fn operator_set(who: &Name, operator: bool, you: bool, by: Option<&Name>, pen: &mut Pen<'_>) {
    let whom = if you { "you".to_owned() } else { who.to_string() };
    let is = if you { "You are".to_owned() } else { format!("{who} is") };
    let by = by.filter(|by| *by != who);
    let mut text = match (by, operator) {
        (Some(by), true) => format!("{by} made {whom} an operator."),
        (Some(by), false) => format!(
            "{by} made {whom} a plain account: {whom} {} no longer an operator.",
            if you { "are" } else { "is" }
        ),
        (None, true) => format!("{is} now an operator of the server."),
        (None, false) => format!("{is} no longer an operator of the server."),
    };
    if you && operator {
        text.push_str(" /help server shows what you can do.");
    }
    pen.say(&text);
}

/// The advice of a refusal about the server: what was not done, and the next step.
pub(super) fn advice(refusal: &Refusal) -> Option<Advice> {
    Some(match refusal {
        Refusal::TargetIsOperator { who } => Advice::next(format!("Make it a plain account first: /server deop {who}")),
        Refusal::OperatorOnly => Advice::next("Ask one to do it."),
        Refusal::WrongCode => Advice::next("Ask whoever gave it to you."),
        Refusal::LastOperator => Advice::next("Make another one first: /server op NAME"),
        Refusal::NotStored => Advice::new("", "Try again in a moment."),
        Refusal::Stopping => Advice::next("Connect again in a minute."),
        Refusal::Fault => Advice::next("Try again later."),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{
        address, at, ban, bob, check, check_command, check_line, check_mistake, check_query, check_refusal, name, text,
        tomorrow,
    };
    use super::*;
    use crate::address::Address;
    use crate::chat::{BanTarget, Code, Event};
    use crate::protocol::Clock;

    #[test]
    fn lines_about_the_server() {
        check_line("/version", Typed::Version);
        let code = || Code::typed("maple-otter-42");
        check_command("/operator MAPLE-otter-42", Command::ClaimOperator { code: code() });
        check_command("/operator maple otter 42", Command::ClaimOperator { code: code() });
        let address = || BanTarget::Address(Address::parse("192.0.2.7").unwrap());
        let account = || BanTarget::Account(name("bob"));
        check_command("/server kick bob why", Command::ServerKick { who: name("bob"), why: text("why") });
        check_command(
            "/server ban 192.0.2.7 1w",
            Command::ServerBan { target: address(), seconds: Some(604_800), why: text("") },
        );
        check_command("/server ban bob", Command::ServerBan { target: account(), seconds: None, why: text("") });
        check_command("/server unban 192.0.2.7", Command::ServerUnban { target: address() });
        check_command("/server unban bob", Command::ServerUnban { target: account() });
        check_query("/server bans", Query::ServerBans { page: 1 });
        check_query("/server bans 2", Query::ServerBans { page: 2 });
        check_command("/server op bob", Command::ServerPromote { who: name("bob") });
        check_command("/server deop bob", Command::ServerDemote { who: name("bob") });
        check_mistake(
            "/server ban b!",
            r#""b!" is neither a name nor an address. Nobody was banned. Usage: /server ban NAME [TIME] [WHY] - for example /server ban bob"#,
        );
    }

    #[test]
    fn operators_see_what_became_of_their_orders() {
        check(
            Event::ServerBanned { ban: ban(bob(), tomorrow(), "spam"), closed: 2 },
            &["-- bob is banned from the server until tomorrow 09:32, 2 connections closed: \"spam\""],
        );
        check(
            Event::ServerBanned { ban: ban(address(), None, ""), closed: 0 },
            &["-- 2001:db8::/64 is banned from the server permanently."],
        );
        check(Event::ServerKicked { who: name("bob"), closed: 0 }, &["-- bob is not connected. Nothing was done."]);
        check(
            Event::ServerKicked { who: name("bob"), closed: 1 },
            &["-- bob is disconnected, 1 connection closed. Only a ban keeps somebody away."],
        );
        check(
            Event::OperatorSet { who: name("bob"), operator: true, you: true, by: None },
            &["-- You are now an operator of the server. /help server shows what you can do."],
        );
        check(
            Event::OperatorSet { who: name("bob"), operator: true, you: false, by: Some(name("ana")) },
            &["-- ana made bob an operator."],
        );
        check(
            Event::OperatorSet { who: name("bob"), operator: true, you: true, by: Some(name("ana")) },
            &["-- ana made you an operator. /help server shows what you can do."],
        );
        check(
            Event::OperatorSet { who: name("bob"), operator: false, you: false, by: Some(name("ana")) },
            &["-- ana made bob a plain account: bob is no longer an operator."],
        );
        check(
            Event::OperatorSet { who: name("bob"), operator: false, you: true, by: Some(name("ana")) },
            &["-- ana made you a plain account: you are no longer an operator."],
        );
        check(
            Event::OperatorSet { who: name("ana"), operator: false, you: true, by: Some(name("ana")) },
            &["-- You are no longer an operator of the server."],
        );
    }

    #[test]
    fn a_day_starts_with_its_name() {
        let mut out = Vec::new();
        new_day(Context { now: at("2026-11-22T00:00:00Z"), clock: &Clock::utc() }, &mut out);
        assert_eq!(out, b"-- Sunday 22 November\r\n");
    }

    #[test]
    fn a_refusal_says_what_was_not_done_and_the_next_step() {
        check_refusal(
            Refusal::TargetIsOperator { who: name("bob") },
            "bob is an operator. Nothing was done. Make it a plain account first: /server deop bob",
        );
        check_refusal(
            Refusal::OperatorOnly,
            "Only an operator of the server may do that. Nothing was done. Ask one to do it.",
        );
        check_refusal(
            Refusal::WrongCode,
            "That code is wrong or used up. Nothing was done. Ask whoever gave it to you.",
        );
        check_refusal(
            Refusal::LastOperator,
            "The last operator cannot be made a plain account. Nothing was done. Make another one first: /server op NAME",
        );
        check_refusal(
            Refusal::NotStored,
            "Not saved: the server could not write to its disk, so nobody has seen it. Try again in a moment.",
        );
        check_refusal(Refusal::Stopping, "The server is stopping. Nothing was done. Connect again in a minute.");
    }
}
