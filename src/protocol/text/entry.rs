//! The grammar of lines before the login: log in, register, help, quit.
//!
//! Never repeats what may be a password: people type it after the name, in place of the name, or at the wrong moment, so a
//! mistake shows a word only where it is one of ours or nearly so, and a name only where nothing follows it.

use crate::chat::Name;
use crate::protocol::Secret;

use super::mistake::{Mistake, name_rule};
use super::row::{Found, NOTHING_DONE, find, nearest, words};

/// The meaning of a line before the login.
#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq))]
pub enum Entry {
    /// Nothing: the line is empty.
    Nothing,
    /// Log in. Without a password on the line, a prompt asks for it.
    Login {
        /// The account.
        name: Name,
        /// Its password, if it was on the line.
        secret: Option<Secret>,
    },
    /// Create an account. Without a password on the line, a prompt asks for it.
    Register {
        /// The account's name.
        name: Name,
        /// Its password, if it was on the line.
        secret: Option<Secret>,
    },
    /// Explain what can be done.
    Help,
    /// Close the connection.
    Quit,
    /// Not understood; nothing is done.
    Wrong(Mistake),
}

#[derive(Clone, Copy, PartialEq)]
enum Word {
    Login,
    Register,
    Help,
    Quit,
}

/// The words, the usual ones first. `connect` and `create` are those of other text servers.
const WORDS: [(&str, Word); 11] = [
    ("login", Word::Login),
    ("register", Word::Register),
    ("help", Word::Help),
    ("quit", Word::Quit),
    ("connect", Word::Login),
    ("signin", Word::Login),
    ("create", Word::Register),
    ("signup", Word::Register),
    ("?", Word::Help),
    ("exit", Word::Quit),
    ("bye", Word::Quit),
];

impl Word {
    /// The usual word for it.
    fn usual(self) -> &'static str {
        match self {
            Word::Login => "login",
            Word::Register => "register",
            Word::Help => "help",
            Word::Quit => "quit",
        }
    }

    fn takes_name(self) -> bool {
        matches!(self, Word::Login | Word::Register)
    }
}

/// Parses a line without its line end. A password is taken unchanged, with all its spaces.
pub fn parse(line: &[u8]) -> Entry {
    // Some editors put a byte order mark in front of a file, which is then piped in.
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).trim_ascii_start();
    let slashed = line.first() == Some(&b'/');
    let (word, rest) = split(if slashed { &line[1..] } else { line });
    if word.is_empty() && !slashed {
        return Entry::Nothing;
    }
    let Ok(word) = str::from_utf8(word) else {
        return Entry::Wrong(not_at_login());
    };
    match find(word, WORDS.into_iter()) {
        Found::One(Word::Help) => Entry::Help,
        Found::One(Word::Quit) => Entry::Quit,
        Found::One(word) => account(word, rest),
        Found::Several(candidates) => Entry::Wrong(Mistake::ambiguous(word, &candidates)),
        Found::None => Entry::Wrong(unknown(word, rest)),
    }
}

fn account(word: Word, rest: &[u8]) -> Entry {
    let (name, secret) = split(rest);
    if name.is_empty() {
        let word = word.usual();
        let next = format!("Type: {word} NAME, for example: {word} ana");
        return Entry::Wrong(Mistake::new(format!("{word} needs a name. {NOTHING_DONE} {next}")));
    }
    // What is not UTF-8 becomes what no name can have.
    let name = match Name::parse(&String::from_utf8_lossy(name)) {
        Ok(name) => name,
        Err(error) => {
            let (rule, next) = (name_rule(error), "Type: login NAME, or register NAME");
            return Entry::Wrong(Mistake::new(format!("That cannot be a name: {rule}. {NOTHING_DONE} {next}")));
        }
    };
    let is_blank = secret.iter().all(u8::is_ascii_whitespace);
    let secret = if is_blank { None } else { Some(Secret::new(secret.to_vec())) };
    match word {
        Word::Register => Entry::Register { name, secret },
        _ => Entry::Login { name, secret },
    }
}

fn unknown(typed: &str, rest: &[u8]) -> Mistake {
    if let Some((word, _)) = words().find(|(word, _)| word.eq_ignore_ascii_case(typed)) {
        let next = "Type: login NAME, or register NAME";
        return Mistake::new(format!("/{word} works after you log in. {NOTHING_DONE} {next}"));
    }
    let Some(word) = nearest(typed, WORDS.iter().map(|(word, _)| *word)) else {
        return not_at_login();
    };
    let takes_name = WORDS.iter().any(|(other, meaning)| *other == word && meaning.takes_name());
    let suggestion = match only_a_name(rest) {
        Some(name) if takes_name => format!("{word} {name}"),
        None if takes_name => format!("{word} NAME"),
        _ => word.to_owned(),
    };
    Mistake::unknown_command(typed, Some(&suggestion))
}

/// Not a command that works before the login, and not like one.
fn not_at_login() -> Mistake {
    let next = "Type: login NAME, register NAME, help, or quit";
    Mistake::new(format!("That is not a command here. {NOTHING_DONE} {next}"))
}

fn only_a_name(rest: &[u8]) -> Option<Name> {
    Name::parse(str::from_utf8(rest.trim_ascii()).ok()?).ok()
}

/// The first word of `text`, and what follows the one space behind it.
fn split(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    (&text[..end], text.get(end + 1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn secret(text: &str) -> Option<Secret> {
        Some(Secret::new(text.as_bytes().to_vec()))
    }

    fn check(line: &str, expected: Entry) {
        assert_eq!(parse(line.as_bytes()), expected, "{line:?}");
    }

    fn check_wrong(line: &str, expected: &str) {
        match parse(line.as_bytes()) {
            Entry::Wrong(mistake) => assert_eq!(mistake.text(), expected, "{line:?}"),
            other => panic!("{line:?} is {other:?}"),
        }
    }

    #[test]
    fn the_slash_may_be_left_out_and_the_word_shortened() {
        for line in ["login ana", "/login ana", "LOGIN ana", "l ana", "  log  ana ", "connect ana", "\u{FEFF}login ana"]
        {
            check(line, Entry::Login { name: name("ana"), secret: None });
        }
        for line in ["register ana", "/reg ana", "r ana", "create ana", "signup ana"] {
            check(line, Entry::Register { name: name("ana"), secret: None });
        }
        for line in ["help", "/help", "h", "?", "/?", "help me please"] {
            check(line, Entry::Help);
        }
        for line in ["quit", "/quit", "q", "exit", "bye", "quit now"] {
            check(line, Entry::Quit);
        }
        check("", Entry::Nothing);
        check("  \t", Entry::Nothing);
    }

    #[test]
    fn a_password_is_the_rest_of_the_line_as_it_stands() {
        let check_secret = |line: &str, expected: Option<Secret>| {
            check(line, Entry::Login { name: name("ana"), secret: expected });
        };
        check_secret("login ana hunter2", secret("hunter2"));
        check_secret("login ana two  words ", secret("two  words "));
        check_secret("login ana  x", secret(" x"));
        check_secret("login ana /quit", secret("/quit"));
        check_secret("login ana pässwörd", secret("pässwörd"));
        check_secret("login ana token:abc", secret("token:abc"));
        check_secret("login ana   ", None);
        check("register ana hunter2", Entry::Register { name: name("ana"), secret: secret("hunter2") });
        let typed = parse(b"login ana \xff\x01");
        assert!(matches!(&typed, Entry::Login { secret: Some(secret), .. } if secret.as_bytes() == b"\xff\x01"));
        assert_eq!(format!("{typed:?}"), "Login { name: \"ana\", secret: Some(Secret(..)) }");
    }

    #[test]
    fn a_mistake_is_reported_without_repeating_secrets() {
        check_wrong("regster ana", r#"Unknown command "regster". Did you mean: register ana ? Nothing was done."#);
        check_wrong("regster", r#"Unknown command "regster". Did you mean: register NAME ? Nothing was done."#);
        check_wrong("/lgoin ana hunter2", r#"Unknown command "lgoin". Did you mean: login NAME ? Nothing was done."#);
        check_wrong("hlep", r#"Unknown command "hlep". Did you mean: help ? Nothing was done."#);
        check_wrong("qiut now", r#"Unknown command "qiut". Did you mean: quit ? Nothing was done."#);
        let unknown = "That is not a command here. Nothing was done. Type: login NAME, register NAME, help, or quit";
        for line in ["hunter2", "good morning", "/", "/ login ana", "ana hunter2", "pässwörd", "nick ana"] {
            match line {
                // A space behind the slash does no harm before the login.
                "/ login ana" => check(line, Entry::Login { name: name("ana"), secret: None }),
                _ => check_wrong(line, unknown),
            }
        }
        assert_eq!(parse(b"\xff\xfe"), Entry::Wrong(not_at_login()));
        check_wrong("login", "login needs a name. Nothing was done. Type: login NAME, for example: login ana");
        check_wrong(
            "signup ",
            "register needs a name. Nothing was done. Type: register NAME, for example: register ana",
        );
        check_wrong(
            "login hunter2!",
            "That cannot be a name: names are letters a to z, digits, - and _, starting with a letter or digit. \
             Nothing was done. Type: login NAME, or register NAME",
        );
        check_wrong("c ana", r#""c" may mean connect or create. Nothing was done. Type a little more of it."#);
        let log_in_first = "/join works after you log in. Nothing was done. Type: login NAME, or register NAME";
        check_wrong("/join #tea", log_in_first);
        check_wrong("join #tea", log_in_first);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_line(line in proptest::collection::vec(any::<u8>(), 0..300)) {
            parse(&line);
        }

        #[test]
        fn a_secret_is_never_repeated(
            word in "/?(login|register|regster|logn|l|c|join|hlep|quti|[a-z]{0,8}|\\PC{0,50})",
            name in "(ana|ana |a|@ana|\\PC{1,30})",
            secret in "zXq9![a-z]{4,12}",
            tail in "( \\PC{0,20})?",
        ) {
            for line in [
                format!("{word} {name} {secret}{tail}"),
                format!("{word} {secret}! {name}"),
                format!("{secret} {name}{tail}"),
                secret.clone(),
            ] {
                let typed = parse(line.as_bytes());
                prop_assert!(!format!("{typed:?}").contains("zXq9"), "{:?}", typed);
                if let Entry::Wrong(mistake) = typed {
                    let text = mistake.text();
                    prop_assert!(!text.contains("zXq9"), "{}", text);
                    prop_assert!(text.chars().count() <= 300 && !text.chars().any(crate::chat::is_forbidden), "{}", text);
                }
            }
        }
    }
}
