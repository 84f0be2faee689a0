//! The grammar of lines: what somebody who is logged in asks for by one typed line.
//!
//! Pure and stateless: the same line always means the same. Never knows rooms or people, only whether a name could be one;
//! whether it is one, and who may do what, is decided by the chat.
//!
//! Wherever two readings are possible, the one is taken that cannot show to many what was meant for one: a line that might
//! be a command is refused, not said.

use crate::chat::{Ask, Command, MessageKind, Name, PLACEHOLDER, Query, RoomLabel, Text, TokenScope};

use super::arguments::Arguments;
use super::bare::BareWord;
use super::help::HelpTopic;
use super::mistake::{Mistake, Quote};
use super::row::{Found, NOTHING_DONE, NOTHING_SENT, Row, elsewhere, nearest, words};
use super::unseen::hidden_command;

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
        /// What it allows.
        scope: TokenScope,
        /// For how long it is valid; `None` until it is revoked.
        seconds: Option<u64>,
    },
    /// Draw a code and ask the chat for [`Command::MakePasswordCode`].
    PasswordCode {
        /// For whom.
        who: Name,
    },
    /// Draw a code and ask the chat for [`Command::MakeRegistrationCode`].
    RegistrationCode,
    /// Show the next page of the last long answer.
    More,
    /// Show which server this is.
    Version,
    /// `@bob hello`: a direct message, by the way in which the server writes its sender.
    Direct(Command),
    /// Not understood; nothing is done.
    Wrong(Mistake),
    /// The same, for a line that was to be followed by a password: what was typed behind it without waiting is dropped.
    NoPrompt(Mistake),
    /// What may be meant as a command and cannot be read as one: what follows may be meant for its prompts.
    Hidden(Mistake),
}

impl Typed {
    pub(super) fn command(command: Command) -> Typed {
        Typed::Ask(Ask::Command(command))
    }

    pub(super) fn query(query: Query) -> Typed {
        Typed::Ask(Ask::Query(query))
    }
}

/// Refused: a line longer than `max_bytes`.
pub fn too_long(max_bytes: usize) -> String {
    format!("That line was longer than {max_bytes} bytes. Nothing of it was sent or done.")
}

/// Refused: a line with an escape character that is not part of the sequence of a key.
pub const GARBLED: &str =
    "There was an escape character in that line that is no key. Nothing of it was sent or done. Type it again.";

/// The client's input has ended while lines of it wait.
pub const ENDING: &str = "Your input has ended. The lines of it that still wait are taken first.";

/// How a line that begins with `@NAME` is understood. Said once a session.
pub const DIRECT: &str = "A line that starts with @NAME is a direct message: nobody else sees it. /help msg says more.";

/// Lines come faster than they are taken. Said once.
pub fn slow_down(lines_per_s: u64) -> String {
    format!("Many lines at once: they are taken in order, {lines_per_s} a second. Ctrl-C drops those that wait.")
}

/// Ctrl-C was pressed behind lines that were waiting.
pub fn interrupted(lines: usize) -> String {
    match lines {
        1 => "1 line was still waiting and is dropped: it was not sent or done.".to_owned(),
        _ => format!("{lines} lines were still waiting and are dropped: they were not sent or done."),
    }
}

/// What a line is like when others read it, if it is not as it was typed: its bytes are not UTF-8, or a character in it
/// cannot be shown.
pub fn replaced(line: &[u8]) -> Option<String> {
    let read = Text::clean(line);
    let placeholders = |text: &str| text.matches(PLACEHOLDER).count();
    if placeholders(read.as_str()) == placeholders(str::from_utf8(line).unwrap_or_default()) {
        return None;
    }
    let why = match str::from_utf8(line) {
        Ok(_) => "A character that cannot be shown was replaced.",
        Err(_) => "What you send is not UTF-8: set your terminal to it.",
    };
    Some(format!("{why} Others read {}", Quote(read.as_str())))
}

/// Parses a line without its line end.
pub fn parse(line: &[u8]) -> Typed {
    let text = Text::clean(line);
    if text.is_empty() {
        return Typed::Nothing;
    }
    if let Some(mistake) = hidden_command(line) {
        return Typed::Hidden(mistake);
    }
    match text.as_str().strip_prefix('/') {
        Some(spoken) if spoken.starts_with('/') => say(Text::from(spoken)),
        Some(command) => parse_command(command),
        None => match BareWord::of(&text) {
            Some(word) => Typed::Bare(word, text),
            None => direct(&text).unwrap_or_else(|| say(text)),
        },
    }
}

fn say(text: Text) -> Typed {
    Typed::command(Command::Say { room: None, kind: MessageKind::Speech, text, key: None })
}

/// `@bob hello`, also with a comma or a colon behind the name.
fn direct(text: &Text) -> Option<Typed> {
    let rest = text.as_str().strip_prefix('@')?;
    let (name, said) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let to = Name::parse(name.trim_end_matches([':', ',', ';', '.', '!', '?'])).ok()?;
    Some(match Text::from(said) {
        said if said.is_empty() => {
            Typed::Wrong(Mistake::new(format!("{NOTHING_SENT} For direct messages with {to} type /dm {to}")))
        }
        text => Typed::Direct(Command::Tell { to, text }),
    })
}

/// `line` no longer has its slash.
fn parse_command(line: &str) -> Typed {
    // `/join#tea` is meant as it looks.
    let word_end = line.find(|c: char| c.is_whitespace() || c == '#' || c == '@').unwrap_or(line.len());
    let (word, rest) = line.split_at(word_end);
    if word.is_empty() || !word.chars().all(|c| c.is_alphanumeric() || "-_?".contains(c)) {
        return Typed::Hidden(not_a_command(line.split(char::is_whitespace).next().unwrap_or_default()));
    }
    match Row::find(word) {
        Found::One(row) => parse_arguments(row, rest.trim_start()).unwrap_or_else(|mistake| refused(row.name, mistake)),
        Found::Several(words) => {
            let candidates: Vec<String> = words.iter().map(|word| format!("/{word}")).collect();
            let mistake = Mistake::ambiguous(&format!("/{word}"), &candidates);
            words
                .iter()
                .find(|word| is_prompting(word))
                .map_or(Typed::Wrong(mistake.clone()), |word| refused(word, mistake))
        }
        Found::None => unknown_command(word),
    }
}

/// Whether a command asks for passwords by prompts, or would before the login.
fn is_prompting(word: &str) -> bool {
    ["password", "passwd", "account", "account delete", "login", "register"].contains(&word)
}

fn refused(word: &str, mistake: Mistake) -> Typed {
    if is_prompting(word) { Typed::NoPrompt(mistake) } else { Typed::Wrong(mistake) }
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

fn unknown_command(word: &str) -> Typed {
    let before_login = nearest(word, ["login", "register"].into_iter());
    if before_login.is_some_and(|other| other.eq_ignore_ascii_case(word)) {
        let next = "To log in under another name type /logout first.";
        return Typed::NoPrompt(Mistake::new(format!("You are logged in already. {NOTHING_DONE} {next}")));
    }
    if let Some(sentence) = elsewhere(word) {
        let next = "/help all lists the commands.";
        return Typed::Wrong(Mistake::new(format!("{sentence} {NOTHING_DONE} {next}")));
    }
    let meant = nearest(word, words().map(|(word, _)| word));
    let suggestion = meant.map(|word| format!("/{word}"));
    let mistake = Mistake::unknown_command(&format!("/{word}"), suggestion.as_deref());
    refused(before_login.or(meant).unwrap_or_default(), mistake)
}

#[cfg(test)]
mod tests {
    use super::super::row::rows;
    use super::super::tests::{check_command, check_line, check_mistake, check_query, name, text};
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
    fn a_line_that_starts_with_a_name_is_a_direct_message() {
        let tell = |text_: &str| Typed::Direct(Command::Tell { to: name("bob"), text: text(text_) });
        check_line("@bob hello", tell("hello"));
        check_line("@Bob:  hello @cho", tell("hello @cho"));
        check_line("@bob, hello", tell("hello"));
        check_mistake("@bob", "Nothing was sent. For direct messages with bob type /dm bob");
        check_command("@ five", speech(None, "@ five"));
        check_command("@@bob", speech(None, "@@bob"));
        check_command("hello @bob", speech(None, "hello @bob"));
    }

    #[test]
    fn what_was_to_be_followed_by_a_password_is_known() {
        for line in [
            "/password hunter2",
            "/passwrod",
            "/account",
            "/acount delete",
            "/account delete x",
            "/login ana",
            "/lgoin ana",
            "/regster bob",
        ] {
            assert!(matches!(parse(line.as_bytes()), Typed::NoPrompt(_)), "{line}: {:?}", parse(line.as_bytes()));
        }
        for line in ["/jion tea", "/join", "/xyzzy"] {
            assert!(matches!(parse(line.as_bytes()), Typed::Wrong(_)), "{line}");
        }
    }

    #[test]
    fn a_sender_is_shown_what_others_read_if_it_is_something_else() {
        let check = |line: &[u8], expected: Option<&str>| assert_eq!(replaced(line).as_deref(), expected);
        check("café für dich".as_bytes(), None);
        check("a \u{fffd} that was typed".as_bytes(), None);
        check(b"caf\xe9", Some("What you send is not UTF-8: set your terminal to it. Others read \"caf\u{fffd}\""));
        check(b"a\x0cb", Some("A character that cannot be shown was replaced. Others read \"a\u{fffd}b\""));
        assert!(replaced(&[0xe9; 2000]).is_some_and(|line| line.chars().count() < 300));
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
        check_mistake(
            "/join",
            "/join needs a room. Nothing was done. Usage: /join ROOM [public | private] - for example /join #tea",
        );
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
            r#"/join needs no more: "cake" is left over. Nothing was done. Usage: /join ROOM [public | private] - for example /join #tea"#,
        );
        check_mistake(
            "/w bob hi",
            r#"/who needs no more: "hi" is left over. Nothing was done. Usage: /who [ROOM] [PAGE] - for example /who"#,
        );
        check_mistake(
            "/unread #tea",
            r##"/unread needs no more: "#tea" is left over. Nothing was done. Type /unread"##,
        );
        check_mistake(
            "/join t",
            r#""t" cannot be a name: names have 2 to 20 characters. Nothing was done. Usage: /join ROOM [public | private]"#,
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
        if let Typed::Wrong(mistake) | Typed::NoPrompt(mistake) | Typed::Hidden(mistake) = typed {
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
