//! Lines without a slash that are hardly ever meant to be said: words that are commands elsewhere, commands for one person
//! whose slash was forgotten, and secrets that can be known by their form. They are said when they are typed again.

use super::unseen::shows;
use crate::chat::{Code, Name, Text, TokenSecret};

/// A line that is hardly ever meant to be said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BareWord {
    /// `quit`
    Quit,
    /// `exit`
    Exit,
    /// `bye`
    Bye,
    /// `logout`
    LogOut,
    /// `help`
    Help,
    /// `login NAME ...` or `register NAME ...`, which may hold a password.
    LogIn,
    /// `password`, which may have passwords behind it.
    Password,
    /// `msg NAME TEXT`, meant for one.
    Message,
    /// `reply TEXT`, meant for one.
    Reply,
    /// `operator CODE`
    Operator,
    /// `accept CODE`
    Accept,
    /// Somewhere in it is what has the form of a one-time code or of a token.
    Secret,
}

/// Words behind which a name stands, and a text for its bearer.
const MESSAGE: &[&str] = &["msg", "m", "tell", "whisper", "dm", "query"];
/// Words that stand behind `tell` and the like in a sentence and are no name.
const NO_NAMES: &[&str] = &["me", "us", "him", "her", "it", "them", "you", "the", "that", "this", "your", "my"];

impl BareWord {
    /// The answer when it is typed for the first time.
    pub fn hint(self) -> &'static str {
        match self {
            BareWord::Quit => r#""quit" was not sent. To leave type /quit. To say it, type it again."#,
            BareWord::Exit => r#""exit" was not sent. To leave type /quit. To say it, type it again."#,
            BareWord::Bye => r#""bye" was not sent. To leave type /quit. To say it, type it again."#,
            BareWord::LogOut => r#""logout" was not sent. To log out type /logout. To say it, type it again."#,
            BareWord::Help => r#""help" was not sent. For help type /help. To say it, type it again."#,
            BareWord::LogIn => "You are logged in already, and this line was not sent. To say it, type it again.",
            BareWord::Password => {
                "That line was not sent. To change your password type /password alone. To say it, type it again."
            }
            BareWord::Message => {
                "That line was not sent. If it is for one person, type /msg NAME TEXT. To say it, type it again."
            }
            BareWord::Reply => {
                "That line was not sent. To answer one person type /reply TEXT. To say it, type it again."
            }
            BareWord::Operator => {
                "That line was not sent. To become the operator type /operator CODE. To say it, type it again."
            }
            BareWord::Accept => {
                "That line was not sent. To take up an invitation type /accept CODE. To say it, type it again."
            }
            BareWord::Secret => {
                "That line was not sent: it seems to hold a token or a one-time code. To say it, type it again."
            }
        }
    }

    /// Whether it may hold a secret, or announce one: what was typed behind it without waiting is then dropped.
    pub fn is_secret(self) -> bool {
        matches!(self, BareWord::LogIn | BareWord::Password | BareWord::Operator | BareWord::Accept | BareWord::Secret)
    }

    pub(super) fn of(text: &Text) -> Option<BareWord> {
        let line = text.as_str().trim_start_matches(|c: char| c.is_whitespace() || !shows(c));
        let mut words = line.split_whitespace();
        let first = words.next()?.to_ascii_lowercase();
        let (second, third, fourth) = (words.next(), words.next(), words.next());
        let is_name = |word: &str| Name::parse(word.trim_start_matches('@').trim_end_matches([':', ','])).is_ok();
        let is_spaced_code = || Code::is_in(line.split_once(char::is_whitespace).map_or("", |(_, rest)| rest));
        match (first.as_str(), second) {
            _ if TokenSecret::is_in(line) || Code::is_in(line) => Some(BareWord::Secret),
            ("quit", None) => Some(BareWord::Quit),
            ("exit", None) => Some(BareWord::Exit),
            ("bye", None) => Some(BareWord::Bye),
            ("logout", None) => Some(BareWord::LogOut),
            ("help", None) => Some(BareWord::Help),
            ("login" | "register" | "signin" | "signup", Some(name)) if Name::parse(name).is_ok() => {
                Some(BareWord::LogIn)
            }
            // Other words for it, and slips, in a line that is like one with a password.
            (word, Some(name))
                if fourth.is_none() && third.is_some() && Name::parse(name).is_ok() && is_login(word) =>
            {
                Some(BareWord::LogIn)
            }
            ("password" | "passwd", _) => Some(BareWord::Password),
            (word, Some(name)) if MESSAGE.contains(&word) && is_name(name) => {
                let is_sentence = NO_NAMES.contains(&name.to_ascii_lowercase().as_str());
                (!is_sentence).then_some(BareWord::Message)
            }
            ("say", Some(room)) if room.starts_with(['#', '@']) => Some(BareWord::Message),
            ("reply", Some(text)) if !text.eq_ignore_ascii_case("to") => Some(BareWord::Reply),
            ("operator", Some(_)) if third.is_none() || is_spaced_code() => Some(BareWord::Operator),
            ("accept", Some(_)) if third.is_none() || is_spaced_code() => Some(BareWord::Accept),
            _ => None,
        }
    }
}

/// Whether `word` is another word for logging in before the login, or nearly one.
fn is_login(word: &str) -> bool {
    const SLIPS_MAX: usize = 1;
    ["connect", "login", "register", "create"].iter().any(|known| strsim::osa_distance(known, word) <= SLIPS_MAX)
}

#[cfg(test)]
mod tests {
    use super::super::line::{Typed, parse};
    use super::*;

    fn check(line: &str, expected: Option<BareWord>) {
        let found = match parse(line.as_bytes()) {
            Typed::Bare(word, text) => {
                assert_eq!(text, Text::from(line));
                Some(word)
            }
            _ => None,
        };
        assert_eq!(found, expected, "{line:?}");
    }

    #[test]
    fn a_bare_command_word_is_not_said_at_once() {
        check("quit", Some(BareWord::Quit));
        check("EXIT", Some(BareWord::Exit));
        check("bye", Some(BareWord::Bye));
        check("logout", Some(BareWord::LogOut));
        check(" help ", Some(BareWord::Help));
        for line in
            ["login ana SECRET", "Register ana two words", "connect ana SECRET", "lgoin ana SECRET", "signup ana x"]
        {
            check(line, Some(BareWord::LogIn));
        }
        check("login ? it does not work", None);
        check("login", None);
        check("connect the two cables now", None);
        for (word, bare) in [("quit", BareWord::Quit), ("bye", BareWord::Bye), ("help", BareWord::Help)] {
            assert!(bare.hint().starts_with(&format!("\"{word}\" was not sent.")), "{}", bare.hint());
        }
    }

    #[test]
    fn a_command_for_one_without_its_slash_is_not_said_at_once() {
        for line in
            ["msg bob the gift is a kettle", "MSG @bob hi", "tell bob hi", "whisper bob: hi", "m bob hi", "dm bob"]
        {
            check(line, Some(BareWord::Message));
        }
        check("\u{200b} msg bob hi", Some(BareWord::Message));
        check("say #tea the gift is a kettle", Some(BareWord::Message));
        check("say @bob hi", Some(BareWord::Message));
        check("reply on my way", Some(BareWord::Reply));
        for line in ["password", "password OLD NEW", "passwd x"] {
            check(line, Some(BareWord::Password));
        }
        check("operator maple-ottre-42", Some(BareWord::Operator));
        check("accept hideout", Some(BareWord::Accept));
        for line in [
            "tell me more",
            "msg",
            "reply",
            "reply to bob",
            "say cheese",
            "operators are nice",
            "accept",
            "i accept it",
            "the operator is away",
            "operator is away",
            "tell",
            "passwords differ",
            "my password is bad",
        ] {
            check(line, None);
        }
    }

    #[test]
    fn a_secret_is_known_by_its_form_and_not_said_at_once() {
        let token = format!("token:{}", "a2".repeat(16));
        let code = Code::operator([1, 2, 3, 4, 5, 6]);
        for line in
            [token.clone(), format!("is {token} right?"), "a2".repeat(16), code.to_string(), format!("it is {code}")]
        {
            check(&line, Some(BareWord::Secret));
        }
        for line in ["maple-otter-42", "accept maple-otter-42", "maple otter 42"] {
            check(line, Some(BareWord::Secret));
        }
        check("operator maple otter 42", Some(BareWord::Operator));
        check("Accept maple otter 42", Some(BareWord::Accept));
    }

    #[test]
    fn every_hint_says_that_nothing_was_sent_and_how_to_say_it() {
        for word in [
            BareWord::LogIn,
            BareWord::Password,
            BareWord::Message,
            BareWord::Reply,
            BareWord::Operator,
            BareWord::Accept,
            BareWord::Secret,
        ] {
            assert!(
                word.hint().contains("was not sent") && word.hint().ends_with("To say it, type it again."),
                "{word:?}"
            );
        }
    }
}
