//! The reader's account: registering, passwords, settings.

use crate::chat::{Code, Command, EnteredRoom, Name, Refusal, Timestamp};
use crate::protocol::{Context, refusal};

use super::line::Typed;
use super::member::say_who_is_here;
use super::mistake::Mistake;
use super::pen::Pen;
use super::refusal::Advice;
use super::room::Label;
use super::row::{Group, NOTHING_DONE, Row};

/// Asks for the password on logging in, registering and deleting the account.
pub const PASSWORD: &str = "Password:";
/// Asks for the password of a new account again.
pub const PASSWORD_AGAIN: &str = "Once more:";
/// Asks for the password that is to be replaced.
pub const CURRENT_PASSWORD: &str = "Current password:";
/// Asks for the password that replaces it again.
pub const NEW_PASSWORD_AGAIN: &str = "New password again:";
/// Asks for the one-time code of a new account.
pub const REGISTRATION_CODE: &str = "Code:";
/// A warning behind a prompt: the client did not confirm that it hides what is typed.
pub const INPUT_SHOWS: &str = "(your client will show what you type)";

/// Refused: the prompt for the password was left empty or interrupted.
pub const NOT_LOGGED_IN: &str = "No password, so you are not logged in. To try again: login NAME";
/// Refused: a prompt of `/password` was left empty or interrupted.
pub const PASSWORD_KEPT: &str = "Your password was not changed.";
/// Refused: the two new passwords differ.
pub const NEW_PASSWORDS_DIFFER: &str = "The passwords do not match. Your password was not changed.";
/// Refused: the new password could not be hashed.
pub const PASSWORD_FAULT: &str = "Your password was not changed: the server could not. Try again.";
/// Refused: the password is not the account's.
pub const NOT_YOUR_PASSWORD: &str = "That is not your password. Nothing was changed.";
/// Refused: the password could not be checked.
pub const PASSWORD_UNCHECKED: &str =
    "Your password could not be checked just now. Nothing was changed. Try again in a moment.";

/// Refused: the first line after prompts that failed.
pub const LATE_SECRET: &str =
    "That line was not sent: it may be meant for the prompts before. To say it, type it again.";

/// Refused: the line is what was just typed at a prompt, or nearly so.
pub const LIKE_SECRET: &str = "That line was not sent or done: it is like what you just typed at a prompt.";

/// What `/account delete` does, said ahead of the prompt.
pub const DELETION: [&str; 2] = [
    "This deletes your account permanently. Your messages stay, under the name ghost.",
    "To do it, give your password. An empty line keeps your account.",
];
/// The prompt for it was left empty or interrupted.
pub const ACCOUNT_KEPT: &str = "Nothing was deleted. You are still here.";

pub(super) static ROWS: &[Row] = &[
    Row {
        name: "password",
        aliases: &["passwd"],
        group: Group::You,
        usages: &["/password"],
        summary: "change your password; you are asked for it",
        help: "Changes your password. You are asked for what is needed, and it does not show as you type. Never write a \
               password behind the command: it would show. Your other connections are closed.",
        examples: &["/password", "/passwd"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            if arguments.rest.is_empty() {
                return Ok(Typed::Password);
            }
            Err(Mistake::new(
                "The password you typed was shown, and was not used: nothing was changed. \
                 Type /password alone, and you are asked for a new one without showing it.",
            ))
        },
    },
    Row {
        name: "account",
        aliases: &[],
        group: Group::You,
        usages: &[],
        summary: "delete your account; you are asked first",
        help: "Deletes your account permanently, after asking for your password. What you wrote stays, without your \
               name.",
        examples: &[],
        undone: NOTHING_DONE,
        parse: |arguments| arguments.subcommand("the word delete"),
    },
    Row {
        name: "account delete",
        aliases: &[],
        group: Group::You,
        usages: &["/account delete"],
        summary: "delete your account; you are asked first",
        help: "Deletes your account permanently, after asking for your password. What you wrote stays, without your \
               name.",
        examples: &["/account delete", "/acco delete"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            if arguments.rest.is_empty() {
                return Ok(Typed::DeleteAccount);
            }
            Err(Mistake::new(
                "The password you typed was shown, and was not used: nothing was deleted. \
                 Type /account delete alone, and you are asked for it without showing it.",
            ))
        },
    },
    Row {
        name: "set",
        aliases: &[],
        group: Group::You,
        usages: &[],
        summary: "settings: a line for each message stored",
        help: "With acks on, each message of yours that is safely stored gives a line, such as: saved #tea 215. \
               Otherwise silence means the same. Meant for programs, and for the careful.",
        examples: &[],
        undone: NOTHING_DONE,
        parse: |arguments| arguments.subcommand("the name of a setting"),
    },
    Row {
        name: "set acks",
        aliases: &[],
        group: Group::You,
        usages: &["/set acks on | off"],
        summary: "a line for each message stored",
        help: "With acks on, each message of yours that is safely stored gives a line, such as: saved #tea 215. \
               Otherwise silence means the same. Meant for programs, and for the careful.",
        examples: &["/set acks on", "/set acks off"],
        undone: NOTHING_DONE,
        parse: |arguments| {
            let on = arguments.choose("on or off", &[("on", true), ("off", false)])?;
            Ok(Typed::command(Command::SetAcks { on }))
        },
    },
];

/// Refused: lines that were typed ahead, while a prompt was open that has failed or as if there were one.
pub fn typed_ahead(lines: usize) -> String {
    match lines {
        1 => "1 line that you typed ahead is dropped: it was not sent or done.".to_owned(),
        _ => format!("{lines} lines that you typed ahead are dropped: they were not sent or done."),
    }
}

/// Asks for a new password.
pub fn new_password(min_chars: usize) -> String {
    format!("New password, {min_chars} characters or more:")
}

/// The name can be registered; the prompts for a password follow.
pub fn name_is_free(name: &Name, min_chars: usize) -> String {
    format!("\"{name}\" is free. Choose a password, {min_chars} characters or more.")
}

/// Refused: the two new passwords differ. `undone` says what did not happen.
pub fn passwords_differ(undone: &str) -> String {
    format!("The passwords do not match. {undone}")
}

/// Refused: the new password cannot be one. `undone` says what did not happen.
pub fn unusable_password(refusal: &Refusal, undone: &str, context: Context) -> String {
    format!("{} {undone}", refusal::happened(refusal, context))
}

/// What did not happen when a registration was given up or refused.
pub fn not_registered(name: &Name) -> String {
    format!("No account was created. To try again: register {name}")
}

/// What did not happen when no new password was chosen with a one-time code.
pub fn not_reset(name: &Name) -> String {
    format!("Your password was not changed, and the code still works. To try again: login {name}")
}

/// Refused: the new password cannot be one.
pub fn unusable_new_password(refusal: &Refusal, context: Context) -> String {
    format!("{} {PASSWORD_KEPT}", refusal::happened(refusal, context))
}

/// The first lines for a new account.
pub(super) fn registered(name: &Name, room: &EnteredRoom, pen: &mut Pen<'_>) {
    pen.say(&format!("Welcome, {name}. Your account is ready and you are in {}.", Label(&room.room)));
    say_who_is_here(room, pen);
}

/// Whether stored messages are acknowledged.
pub(super) fn acks_set(on: bool, pen: &mut Pen<'_>) {
    pen.say(if on {
        "Each message you send is now acknowledged when it is saved. /set acks off stops that."
    } else {
        "Saved messages are no longer acknowledged. One that is not saved is still refused."
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
        let hold = if tokens == 1 { "token remains valid" } else { "tokens remain valid" };
        pen.say(&format!("Your {tokens} {hold}: /token list shows what you may want to revoke."));
    }
}

/// To the operator who made a code for somebody's new password.
pub(super) fn code_created(who: &Name, code: &Code, until: Timestamp, pen: &mut Pen<'_>) {
    pen.say(&format!("One-time code for a new password of {who}, valid {}: {code}", pen.until(Some(until))));
    pen.say(&format!("{who} types it in place of the password: login {who}"));
}

/// A one-time code was typed in place of the password: what comes next.
pub fn choose_new_password(min_chars: usize) -> String {
    format!("The code is right. Choose a new password, {min_chars} characters or more; it will not show.")
}

/// The advice of a refusal about accounts: what was not done, and the next step.
pub(super) fn advice(refusal: &Refusal) -> Option<Advice> {
    const NOT_LOGGED_IN: &str = "You are not logged in.";
    Some(match refusal {
        Refusal::NewPasswordNeeded => Advice::new("You are not logged in.", ""),
        Refusal::NameTaken { .. } | Refusal::NameReserved { .. } => Advice::next("Choose another name."),
        Refusal::WrongPassword => Advice::new(NOT_LOGGED_IN, "To try again: login NAME"),
        Refusal::ServerBanned { .. } => Advice::new(NOT_LOGGED_IN, ""),
        Refusal::TooManyLogins { wait_s } | Refusal::TooManyRegistrations { wait_s } => {
            Advice::next(format!("Try again in {}.", wait(*wait_s)))
        }
        Refusal::PasswordLength { .. } | Refusal::PasswordEncoding => Advice::next("Choose another."),
        Refusal::AlreadyLoggedIn => Advice::next("To be somebody else, /logout first."),
        Refusal::NotLoggedIn => Advice::next("Type: login NAME, or register NAME"),
        _ => return None,
    })
}

fn wait(wait_s: u64) -> String {
    if wait_s < 120 { format!("{wait_s} seconds") } else { format!("{} minutes", wait_s.div_ceil(60)) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, check, check_command, check_line, check_mistake, check_refusal, name};
    use super::*;
    use crate::chat::{Event, Text};

    #[test]
    fn lines_about_the_account() {
        check_line("/password", Typed::Password);
        check_line("/account delete", Typed::DeleteAccount);
        check_command("/set acks on", Command::SetAcks { on: true });
        check_command("/SET Acks OFF", Command::SetAcks { on: false });
        check_mistake(
            "/password hunter2",
            "The password you typed was shown, and was not used: nothing was changed. \
             Type /password alone, and you are asked for a new one without showing it.",
        );
        check_mistake(
            "/account delete hunter2",
            "The password you typed was shown, and was not used: nothing was deleted. \
             Type /account delete alone, and you are asked for it without showing it.",
        );
    }

    #[test]
    fn settings_tell_what_happens_from_now_on() {
        check(
            Event::AcksSet { on: true },
            &["-- Each message you send is now acknowledged when it is saved. /set acks off stops that."],
        );
        check(
            Event::AcksSet { on: false },
            &["-- Saved messages are no longer acknowledged. One that is not saved is still refused."],
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
                "-- Your 1 token remains valid: /token list shows what you may want to revoke.",
            ],
        );
    }

    #[test]
    fn a_refusal_says_what_was_not_done_and_the_next_step() {
        check_refusal(
            Refusal::NameTaken { name: name("bob") },
            "\"bob\" is taken, or looks like a name that is. Nothing was done. Choose another name.",
        );
        check_refusal(
            Refusal::NameReserved { name: name("admin") },
            "\"admin\" is a word that the server keeps for itself. Nothing was done. Choose another name.",
        );
        check_refusal(
            Refusal::WrongPassword,
            "Wrong name or password. You are not logged in. To try again: login NAME",
        );
        check_refusal(
            Refusal::ServerBanned { until: Some(at("2026-11-23T09:32:00Z")), why: Text::from("spam") },
            "This account or address is banned from the server until tomorrow 09:32. You are not logged in. Reason: \"spam\"",
        );
        check_refusal(
            Refusal::ServerBanned { until: None, why: Text::from("") },
            "This account or address is banned from the server permanently. You are not logged in.",
        );
        check_refusal(
            Refusal::AlreadyLoggedIn,
            "You are logged in already. Nothing was done. To be somebody else, /logout first.",
        );
        check_refusal(
            Refusal::NotLoggedIn,
            "You are not logged in. Nothing was done. Type: login NAME, or register NAME",
        );
    }
}
