//! Registration: who can create an account, and names of deleted accounts.

use crate::chat::{Code, Command, Name, Query, Refusal, Registration, Timestamp};

use super::line::Typed;
use super::pen::Pen;
use super::refusal::Advice;
use super::row::{Group, NOTHING_DONE, Row};

pub(super) static ROWS: &[Row] = &[
    Row {
        name: "server registration",
        aliases: &[],
        group: Group::Server,
        usages: &["/server registration [open|code|closed]"],
        summary: "choose who can register",
        help: "For operators. Alone, shows who can create an account; else lets everybody, only who has a one-time code \
               (/server code), or nobody. It is shown to whoever connects.",
        examples: &["/server registration closed", "/server registration"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let known =
                [("open", Registration::Open), ("code", Registration::ByCode), ("closed", Registration::Closed)];
            if arguments.rest.is_empty() {
                return Ok(Typed::query(Query::Registration));
            }
            let registration = arguments.choose("open, code or closed", &known)?;
            Ok(Typed::command(Command::SetRegistration { registration }))
        },
    },
    Row {
        name: "server code",
        aliases: &[],
        group: Group::Server,
        usages: &["/server code"],
        summary: "get a code for one new account",
        help: "For operators. Gives you a few words with which one person can register within a week, where the \
               registration needs a code.",
        examples: &["/server code"],
        undone: NOTHING_DONE,
        parse: |_| Ok(Typed::RegistrationCode),
    },
    Row {
        name: "server password",
        aliases: &[],
        group: Group::Server,
        usages: &["/server password NAME"],
        summary: "let somebody in who forgot the password",
        help: "For operators. Gives you a few words for somebody who forgot the password. Within a day that person \
               logs in with them in place of the password, once, and chooses a new one. All its other connections and \
               tokens end then, and it is told that you made a code.",
        examples: &["/server password bob"],
        undone: NOTHING_DONE,
        parse: |arguments| Ok(Typed::PasswordCode { who: arguments.person()? }),
    },
    Row {
        name: "server free",
        aliases: &[],
        group: Group::Server,
        usages: &["/server free NAME"],
        summary: "free the name of a deleted account",
        help: "For operators. The name of a deleted account belongs to nobody else until you free it. Who takes it is \
               banned where the former owner was.",
        examples: &["/server free bob"],
        undone: NOTHING_DONE,
        parse: |arguments| Ok(Typed::command(Command::FreeName { name: arguments.person()? })),
    },
];

/// Who can create an account.
pub(super) fn shown(registration: Registration, pen: &mut Pen<'_>) {
    pen.say(match registration {
        Registration::Open => "Registration is open: everybody can create an account.",
        Registration::ByCode => "Registration is by code: /server code gives one.",
        Registration::Closed => "Registration is closed: nobody can create an account.",
    });
}

/// A code may be read to somebody, so its line has little else.
pub(super) fn code_created(code: &Code, until: Timestamp, pen: &mut Pen<'_>) {
    pen.say(&format!("One-time code for a new account, valid {}: {code}", pen.until(Some(until))));
    pen.say("Whoever has it is asked for it after: register NAME");
}

/// A name can be registered again.
pub(super) fn freed(name: &Name, pen: &mut Pen<'_>) {
    pen.say(&format!("The name {name} is free: whoever registers it first gets it."));
}

/// The advice of a refusal about registration: what was not done, and the next step.
pub(super) fn advice(refusal: &Refusal) -> Option<Advice> {
    Some(match refusal {
        Refusal::RegistrationClosed => Advice::new("No account was created.", "Ask an operator of the server."),
        Refusal::RegistrationNeedsCode => {
            Advice::new("No account was created.", "Ask an operator of the server for one.")
        }
        Refusal::NameNotReserved { name } => Advice::next(format!("/whois {name} shows whether it is somebody's.")),
        Refusal::TooManyRegistrationCodes { .. } => Advice::next("Those that nobody uses expire after a week."),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, check, check_command, check_line, check_query, check_refusal, code, name};
    use super::*;
    use crate::chat::Event;

    #[test]
    fn lines_that_say_who_may_register() {
        let set = |registration| Command::SetRegistration { registration };
        check_query("/server registration", Query::Registration);
        check_command("/server registration open", set(Registration::Open));
        check_command("/server reg co", set(Registration::ByCode));
        check_command("/server registration CLOSED", set(Registration::Closed));
        check_line("/server code", Typed::RegistrationCode);
        check_line("/server password @bob", Typed::PasswordCode { who: name("bob") });
        check_command("/server free bob", Command::FreeName { name: name("bob") });
    }

    #[test]
    fn an_operator_sees_who_may_register() {
        let shown = |registration, expected: &str| check(Event::RegistrationShown { registration }, &[expected]);
        shown(Registration::Open, "-- Registration is open: everybody can create an account.");
        shown(Registration::ByCode, "-- Registration is by code: /server code gives one.");
        shown(Registration::Closed, "-- Registration is closed: nobody can create an account.");
        let until = at("2026-11-29T09:32:00Z");
        check(
            Event::RegistrationCodeCreated { code: code(), until },
            &[
                &format!("-- One-time code for a new account, valid until 2026-11-29 09:32: {}", code()),
                "-- Whoever has it is asked for it after: register NAME",
            ],
        );
        check(
            Event::NameFreed { name: name("bob") },
            &["-- The name bob is free: whoever registers it first gets it."],
        );
    }

    #[test]
    fn a_refusal_says_what_was_not_done_and_the_next_step() {
        check_refusal(
            Refusal::RegistrationClosed,
            "New accounts cannot be created here. No account was created. Ask an operator of the server.",
        );
        check_refusal(
            Refusal::RegistrationNeedsCode,
            "A new account needs a code. No account was created. Ask an operator of the server for one.",
        );
        check_refusal(
            Refusal::NameNotReserved { name: name("bob") },
            "bob is not the name of a deleted account. Nothing was done. /whois bob shows whether it is somebody's.",
        );
        check_refusal(
            Refusal::TooManyRegistrationCodes { max: 1000 },
            "There are 1000 unused codes, which is the most. Nothing was done. Those that nobody uses expire after a week.",
        );
    }
}
