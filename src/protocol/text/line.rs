//! The grammar of lines: what somebody who is logged in asks for by one typed line.
//!
//! Pure and stateless: the same line always means the same. Never knows rooms or people, only whether a name could be one;
//! whether it is one, and who may do what, is decided by the chat.
//!
//! Wherever two readings are possible, the one is taken that cannot show to many what was meant for one: a line that might
//! be a command is refused, not said.

use crate::chat::{Ask, Command, MessageKind, Name, Query, RoomLabel, Text};

use super::arguments::Arguments;
use super::help::HelpTopic;
use super::mistake::{Mistake, Quote};
use super::row::{Found, NOTHING_DONE, NOTHING_SENT, Row, elsewhere, nearest, words};

/// The meaning of a typed line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Typed {
    /// Nothing: the line is empty.
    Nothing,
    /// A request for the chat.
    Ask(Ask),
    /// A word that is a command elsewhere, typed as if it were to be said. The first time, [`BareWord::hint`] is the answer;
    /// the text is said when the same line is typed again.
    Bare(BareWord, Text),
    /// To be explained.
    Help(HelpTopic),
    /// Change the password, which is asked for by prompts.
    Password,
    /// Delete the account, after asking for the password.
    DeleteAccount,
    /// Draw a code for a room and ask the chat for [`Command::InviteByCode`].
    InviteCode {
        /// The room; `None` for the current one.
        room: Option<RoomLabel>,
    },
    /// Draw a token and ask the chat for [`Command::NewToken`].
    NewToken {
        /// Its name, chosen by its owner.
        name: Name,
        /// For how long it is valid; `None` until it is revoked.
        seconds: Option<u64>,
    },
    /// Show the next page of the last long answer.
    More,
    /// Show which server this is.
    Version,
    /// Not understood; nothing is done.
    Wrong(Mistake),
}

impl Typed {
    pub(super) fn command(command: Command) -> Typed {
        Typed::Ask(Ask::Command(command))
    }

    pub(super) fn query(query: Query) -> Typed {
        Typed::Ask(Ask::Query(query))
    }
}

/// A word that is hardly ever meant to be said when it stands alone.
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
}

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
        }
    }

    fn of(text: &Text) -> Option<BareWord> {
        let mut words = text.as_str().split_whitespace();
        let (first, second) = (words.next()?.to_ascii_lowercase(), words.next());
        match (first.as_str(), second) {
            ("quit", None) => Some(BareWord::Quit),
            ("exit", None) => Some(BareWord::Exit),
            ("bye", None) => Some(BareWord::Bye),
            ("logout", None) => Some(BareWord::LogOut),
            ("help", None) => Some(BareWord::Help),
            ("login" | "register", Some(name)) if Name::parse(name).is_ok() => Some(BareWord::LogIn),
            _ => None,
        }
    }
}

/// Refused: a line longer than `max_bytes`.
pub fn too_long(max_bytes: usize) -> String {
    format!("That line was longer than {max_bytes} bytes. Nothing of it was sent or done.")
}

/// Lines come faster than they are taken. Said once.
pub fn slow_down(lines_per_s: u64) -> String {
    format!("Many lines at once: they are taken in order, {lines_per_s} a second.")
}

/// Parses a line without its line end.
pub fn parse(line: &[u8]) -> Typed {
    let text = Text::clean(line);
    match text.as_str().strip_prefix('/') {
        _ if text.is_empty() => Typed::Nothing,
        Some(spoken) if spoken.starts_with('/') => say(Text::from(spoken)),
        Some(command) => parse_command(command).unwrap_or_else(Typed::Wrong),
        None => match BareWord::of(&text) {
            Some(word) => Typed::Bare(word, text),
            None => say(text),
        },
    }
}

fn say(text: Text) -> Typed {
    Typed::command(Command::Say { room: None, kind: MessageKind::Speech, text, key: None })
}

/// `line` no longer has its slash.
fn parse_command(line: &str) -> Result<Typed, Mistake> {
    // `/join#tea` is meant as it looks.
    let word_end = line.find(|c: char| c.is_whitespace() || c == '#' || c == '@').unwrap_or(line.len());
    let (word, rest) = line.split_at(word_end);
    if word.is_empty() || !word.chars().all(|c| c.is_alphanumeric() || "-_?".contains(c)) {
        return Err(not_a_command(line.split(char::is_whitespace).next().unwrap_or_default()));
    }
    match Row::find(word) {
        Found::One(row) => parse_arguments(row, rest.trim_start()),
        Found::Several(words) => {
            let candidates: Vec<String> = words.iter().map(|word| format!("/{word}")).collect();
            Err(Mistake::ambiguous(&format!("/{word}"), &candidates))
        }
        Found::None => Err(unknown_command(word)),
    }
}

fn parse_arguments(row: &'static Row, rest: &str) -> Result<Typed, Mistake> {
    if matches!(rest, "-h" | "--help" | "?") {
        return Ok(Typed::Help(HelpTopic::Command(row)));
    }
    let mut arguments = Arguments::new(row, rest);
    let typed = (row.parse)(&mut arguments)?;
    arguments.end()?;
    Ok(typed)
}

/// Starts with a slash but does not look like a command: a path, a smiley.
fn not_a_command(word: &str) -> Mistake {
    let typed = Quote(&format!("/{word}")).content();
    Mistake::new(format!(
        "\"{typed}\" is not a command. {NOTHING_SENT} To say it, put one more slash in front: /{typed}"
    ))
}

fn unknown_command(word: &str) -> Mistake {
    if ["login", "register"].iter().any(|other| word.eq_ignore_ascii_case(other)) {
        let next = "To log in under another name type /logout first.";
        return Mistake::new(format!("You are logged in already. {NOTHING_DONE} {next}"));
    }
    if let Some(sentence) = elsewhere(word) {
        return Mistake::new(format!("{sentence} {NOTHING_DONE} /help all lists the commands."));
    }
    let suggestion = nearest(word, words().map(|(word, _)| word)).map(|word| format!("/{word}"));
    Mistake::unknown_command(&format!("/{word}"), suggestion.as_deref())
}

#[cfg(test)]
mod tests {
    use super::super::row::rows;
    use super::super::tests::{check_command, check_line, check_mistake, check_query, text};
    use super::*;
    use proptest::prelude::*;

    fn speech(room: Option<RoomLabel>, said: &str) -> Command {
        Command::Say { room, kind: MessageKind::Speech, text: text(said), key: None }
    }

    #[test]
    fn what_has_no_slash_is_said() {
        check_command("hello everyone", speech(None, "hello everyone"));
        check_command("  a  b ", speech(None, "a  b"));
        check_command("1/2", speech(None, "1/2"));
        check_command("quit it", speech(None, "quit it"));
        check_command("login", speech(None, "login"));
        check_command("//help", speech(None, "/help"));
        check_command("//", speech(None, "/"));
        check_command("///x", speech(None, "//x"));
        check_command("//quit", speech(None, "/quit"));
        check_line("", Typed::Nothing);
        check_line(" \t ", Typed::Nothing);
        assert_eq!(parse(b"a\xffb\x1b"), Typed::command(speech(None, "a\u{FFFD}b\u{FFFD}")));
    }

    #[test]
    fn a_bare_command_word_is_not_said_at_once() {
        let check_bare = |line: &str, word: BareWord| check_line(line, Typed::Bare(word, text(line)));
        check_bare("quit", BareWord::Quit);
        check_bare("EXIT", BareWord::Exit);
        check_bare("bye", BareWord::Bye);
        check_bare("logout", BareWord::LogOut);
        check_bare(" help ", BareWord::Help);
        check_bare("login ana SECRET", BareWord::LogIn);
        check_bare("Register ana two words", BareWord::LogIn);
        check_command("login ? it does not work", speech(None, "login ? it does not work"));
        for (word, bare) in [("quit", BareWord::Quit), ("bye", BareWord::Bye), ("help", BareWord::Help)] {
            assert!(bare.hint().starts_with(&format!("\"{word}\" was not sent.")), "{}", bare.hint());
        }
        assert!(BareWord::LogIn.hint().contains("was not sent"));
    }

    #[test]
    fn an_unknown_command_says_what_was_meant() {
        check_mistake("/hlep", r#"Unknown command "/hlep". Did you mean /help ? Nothing was done."#);
        check_mistake("/Jion #tea", r#"Unknown command "/Jion". Did you mean /join ? Nothing was done."#);
        check_mistake(
            "/nick bob",
            "Names cannot be changed here; /room rename is for rooms. Nothing was done. /help all lists the commands.",
        );
        check_mistake(
            "/t bob hi",
            r#""/t" may mean /tell, /topic or /token. Nothing was done. Type a little more of it."#,
        );
        check_mistake(
            "/un",
            r#""/un" may mean /uninvite, /unread or /unban. Nothing was done. Type a little more of it."#,
        );
        check_mistake(
            "/usr/bin/true is true",
            r#""/usr/bin/true" is not a command. Nothing was sent. To say it, put one more slash in front: //usr/bin/true"#,
        );
        check_mistake("/", r#""/" is not a command. Nothing was sent. To say it, put one more slash in front: //"#);
        check_mistake("/ hi", r#""/" is not a command. Nothing was sent. To say it, put one more slash in front: //"#);
        check_mistake(
            "/#x hi",
            r##""/#x" is not a command. Nothing was sent. To say it, put one more slash in front: //#x"##,
        );
        check_mistake(
            "/login ana SECRET",
            "You are logged in already. Nothing was done. To log in under another name type /logout first.",
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        check_mistake("/join", "/join needs a room. Nothing was done. Usage: /join ROOM - for example /join #tea");
        check_mistake(
            "/msg",
            "/msg needs a name. Nothing was sent. Usage: /msg NAME TEXT - for example /msg cho back at four?",
        );
        check_mistake(
            "/msg bob",
            "/msg needs a text. Nothing was sent. Usage: /msg NAME TEXT - for example /msg cho back at four?",
        );
        check_mistake(
            "/room rename",
            "/room needs a new name. Nothing was done. Usage: /room [#ROOM] rename NEW - for example /room rename cake",
        );
        check_mistake(
            "/server op",
            "/server needs a name. Nothing was done. Usage: /server op NAME - for example /server op cho",
        );
        check_mistake("/account", "/account needs the word delete. Nothing was done. Type /account delete");
        check_mistake(
            "/set acks",
            "/set needs on or off. Nothing was done. Usage: /set acks on | off - for example /set acks on",
        );
    }

    #[test]
    fn what_does_not_fit_is_not_done() {
        check_mistake(
            "/join tea cake",
            r#"Unexpected argument "cake". Nothing was done. Usage: /join ROOM - for example /join #tea"#,
        );
        check_mistake(
            "/w bob hi",
            r#"Unexpected argument "hi". Nothing was done. Usage: /who [ROOM] [PAGE] - for example /who"#,
        );
        check_mistake("/unread #tea", r##"Unexpected argument "#tea". Nothing was done. Type /unread"##);
        check_mistake(
            "/join t",
            r#""t" cannot be a name: names have 2 to 20 characters. Nothing was done. Usage: /join ROOM"#,
        );
        check_mistake(
            "/say téa hi",
            r#""téa" cannot be a name: names are letters a to z, digits, - and _, starting with a letter or digit. Nothing was sent. Usage: /say ROOM TEXT"#,
        );
        check_mistake(
            "/create tea secret",
            r#"/create does not know "secret". Nothing was done. It knows public and private, as in /create tea private"#,
        );
        check_mistake(
            "/set colour on",
            r#"/set does not know "colour". Nothing was done. It knows acks, as in /set acks on"#,
        );
        check_mistake(
            "/room tea",
            r#"/room does not know "tea". Nothing was done. It knows show, public, private, rename, owner and delete, as in /room #tea show"#,
        );
    }

    fn is_bad_number(typed: &Typed) -> bool {
        matches!(typed, Typed::Wrong(mistake) if mistake.text().contains(" is not a number from 1 up. "))
    }

    #[test]
    fn a_number_is_whole_and_starts_at_one() {
        let huge = "9".repeat(400);
        for word in ["0", "-5", "+5", "٣", "５０", "9223372036854775808", &huge, "0-5", "5-", "1-2-3", "٣-٤"] {
            for line in [format!("/history {word}"), format!("/history #tea {word}")] {
                let typed = parse(line.as_bytes());
                assert!(is_bad_number(&typed), "{typed:?}");
            }
        }
        for line in ["/rooms 0", "/rooms -5", "/who -1", "/who #tea 0", &format!("/who {huge}"), "/rooms ٣"] {
            assert!(is_bad_number(&parse(line.as_bytes())), "{line}");
        }
        check_query("/rooms 9223372036854775807", Query::Rooms { page: 9_223_372_036_854_775_807 });
    }

    /// Lines that reach far into the grammar: command words, and arguments of which some fit.
    fn command_line() -> impl Strategy<Value = String> {
        let words: Vec<&str> = words().map(|(word, _)| word).collect();
        let mut known: Vec<&str> = rows().filter_map(Row::second).collect();
        known.extend(["on", "-h", "-", "#", "@", "#tea", "@bob", "bob", "tea"]);
        let known = known.join("|");
        let argument = format!("({known}|[0-9]{{1,25}}[smhdwy-]?[0-9]*|[#@]?\\PC{{1,60}}|\\PC{{0,3}})");
        let argument = proptest::string::string_regex(&argument).unwrap();
        let rest = proptest::collection::vec(argument, 0..4);
        (proptest::sample::select(words), rest).prop_map(|(word, rest)| format!("/{word} {}", rest.join(" ")))
    }

    fn check_typed(typed: &Typed) {
        if let Typed::Wrong(mistake) = typed {
            let text = mistake.text();
            assert!(text.chars().count() <= 300, "{} characters: {text}", text.chars().count());
            assert!(!text.chars().any(crate::chat::is_forbidden), "{text:?}");
            assert!(text.trim() == text && !text.is_empty(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_line(line in proptest::collection::vec(any::<u8>(), 0..300)) {
            check_typed(&parse(&line));
            check_typed(&parse(&[b"/", &line[..]].concat()));
        }

        #[test]
        fn any_arguments_are_answered(line in command_line()) {
            check_typed(&parse(line.as_bytes()));
        }

        #[test]
        fn what_is_said_after_two_slashes_keeps_one(line in "[a-z/#@ ]{0,40}") {
            let spoken = say(Text::from(&*format!("/{line}")));
            prop_assert_eq!(parse(format!("//{line}").as_bytes()), spoken);
        }
    }
}
