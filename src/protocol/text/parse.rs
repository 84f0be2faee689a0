//! One line typed by somebody who is logged in: what is to be done about it.
//!
//! Owns the grammar of commands and the sentences for what does not fit it. Pure and without memory: the same line
//! always means the same. Never knows rooms or people, only whether a name could be one; whether it is one, and who may
//! do what, is decided by the chat.
//!
//! Wherever two readings are possible, the one is taken that cannot show to many what was meant for one: a line that
//! is no command for certain is refused, not said.

use crate::chat::{ClientId, Command, HistoryRange, MessageKind, Name, RoomLabel, Seq, Text, Visibility};

use super::arguments::{Arguments, is_empty_or_numeric, is_numeric, number};
use super::help::HelpTopic;
use super::mistake::{Form, Mistake, Quote};
use super::table::{Found, Row, TABLE, Verb, nearest};

/// What a typed line asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Typed {
    /// Nothing: the line is empty.
    Nothing,
    /// This goes to the chat.
    Ask(Command),
    /// A word that is a command elsewhere, typed as if it were to be said. The first time [`BareWord::hint`] answers it;
    /// the text is there to be said when it is typed again.
    Bare(BareWord, Text),
    /// To be explained.
    Help(HelpTopic),
    /// Change the password, which is asked for by prompts.
    Password,
    /// Delete the account, after asking for the password and whether it is meant.
    DeleteAccount,
    /// Draw a code for a room and ask the chat for [`Command::InviteByCode`].
    InviteCode {
        /// The room; the one in which one talks if there is none.
        room: Option<RoomLabel>,
    },
    /// Draw a token and ask the chat for [`Command::NewToken`].
    NewToken {
        /// What its owner calls it.
        name: Name,
        /// For how long it holds; `None` for good.
        seconds: Option<u64>,
    },
    /// Show the next page of the last long answer.
    More,
    /// Say which server this is.
    Version,
    /// It does not fit; nothing is to be done but to say so.
    Wrong(Mistake),
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
    /// `login NAME ...` or `register NAME ...`, in which there may be a password.
    LogIn,
}

impl BareWord {
    /// What to answer when it is typed for the first time.
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

/// What a line, of which the line end is gone, asks for.
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
    Typed::Ask(Command::Say { room: None, kind: MessageKind::Speech, text, keyed: None })
}

/// `line` has no slash in front any more.
fn parse_command(line: &str) -> Result<Typed, Mistake> {
    // `/join#tea` is meant as it looks.
    let word_end = line.find(|c: char| c.is_whitespace() || c == '#' || c == '@').unwrap_or(line.len());
    let (word, rest) = line.split_at(word_end);
    let typed = || Quote::of(&format!("/{word}"));
    if word.is_empty() || !word.chars().all(|c| c.is_alphanumeric() || "-_?".contains(c)) {
        let first = line.split(char::is_whitespace).next().unwrap_or_default();
        return Err(Mistake::NoCommand { typed: Quote::of(&format!("/{first}")) });
    }
    let slash = |word: &&'static str| format!("/{word}");
    match Verb::find(word) {
        Found::One(verb) => run(verb, rest.trim_start()),
        Found::Several(words) => {
            Err(Mistake::Ambiguous { typed: typed(), candidates: words.iter().map(slash).collect() })
        }
        Found::None if ["login", "register"].iter().any(|other| word.eq_ignore_ascii_case(other)) => {
            Err(Mistake::LoggedInAlready)
        }
        Found::None => {
            let words = TABLE.iter().flat_map(Row::words).map(|(word, _)| word);
            Err(Mistake::Unknown { typed: typed(), suggestion: nearest(word, words).as_ref().map(slash) })
        }
    }
}

fn run(verb: Verb, rest: &str) -> Result<Typed, Mistake> {
    if matches!(rest, "-h" | "--help" | "?") {
        return Ok(Typed::Help(HelpTopic::Command(verb)));
    }
    let mut arguments = Arguments { form: Form::of(verb), rest };
    let typed = read(verb, &mut arguments)?;
    arguments.end()?;
    Ok(typed)
}

/// What a command with its arguments asks for. Arguments that are left over are the caller's to refuse.
fn read(verb: Verb, arguments: &mut Arguments) -> Result<Typed, Mistake> {
    Ok(Typed::Ask(match verb {
        Verb::Say => {
            let room = Some(arguments.room("a room and a text")?);
            Command::Say { room, kind: MessageKind::Speech, text: arguments.text("a text")?, keyed: None }
        }
        Verb::Me => {
            Command::Say { room: None, kind: MessageKind::Action, text: arguments.text("a text")?, keyed: None }
        }
        Verb::Msg => Command::Tell { to: arguments.person()?, text: arguments.text("a text")? },
        Verb::Reply => Command::Reply { text: arguments.text("a text")? },
        Verb::Dm => {
            let with = arguments.person()?;
            if !arguments.rest.is_empty() {
                return Err(Mistake::TextBesideDm { with });
            }
            Command::OpenDirect { with }
        }

        Verb::Rooms => Command::ListRooms { page: arguments.page()? },
        Verb::Join => Command::Join { room: arguments.room("a room")? },
        Verb::Leave => Command::Leave { room: arguments.optional_room()? },
        Verb::Create => {
            let name = arguments.room_name("a name")?;
            let known = [("public", Visibility::Public), ("private", Visibility::Private)];
            let visibility = if arguments.rest.is_empty() {
                Visibility::Public
            } else {
                arguments.choose("public or private", &known)?
            };
            Command::Create { name, visibility }
        }
        Verb::Topic => {
            let room = arguments.marked_room(&['#', '@'])?;
            let text = match arguments.take_rest() {
                "" => None,
                "-" => Some(Text::from("")),
                text => Some(Text::from(text)),
            };
            Command::Topic { room, text }
        }
        Verb::Room => room(arguments)?,
        Verb::Accept => Command::Accept { what: arguments.optional_name()? },
        Verb::Uninvite => {
            let before = arguments.marked_room(&['#'])?;
            let what = arguments.person()?;
            Command::Uninvite { what, room: arguments.or_room(before)? }
        }

        Verb::Who => match arguments.peek() {
            Some(word) if is_numeric(word) => Command::Who { room: None, page: arguments.page()? },
            _ => Command::Who { room: arguments.optional_room()?, page: arguments.page()? },
        },
        Verb::Whois => Command::Whois { name: arguments.person()? },
        Verb::Away => Command::Away { text: Text::from(arguments.take_rest()) },
        Verb::Back => Command::Back,

        Verb::History => history(arguments)?,
        Verb::Unread => Command::Unread,
        Verb::CatchUp => Command::CatchUp { room: arguments.optional_room()? },

        Verb::Kick => {
            let (room, who) = arguments.room_and_person()?;
            Command::Kick { who, room, why: Text::from(arguments.take_rest()) }
        }
        Verb::Ban => {
            let (room, who) = arguments.room_and_person()?;
            Command::Ban { who, room, seconds: arguments.duration()?, why: Text::from(arguments.take_rest()) }
        }
        Verb::Unban => {
            let (room, who) = arguments.room_and_person()?;
            Command::Unban { who, room }
        }
        Verb::Bans => Command::ListBans { room: arguments.optional_room()? },
        Verb::Op => {
            let (room, who) = arguments.room_and_person()?;
            Command::Promote { who, room }
        }
        Verb::Deop => {
            let (room, who) = arguments.room_and_person()?;
            Command::Demote { who, room }
        }

        Verb::Set => {
            arguments.choose("the name of a setting", &[("acks", ())])?;
            Command::SetAcks { on: arguments.choose("on or off", &[("on", true), ("off", false)])? }
        }
        Verb::Token => return token(arguments),
        Verb::Sessions if arguments.rest.is_empty() => Command::ListSessions,
        Verb::Sessions => {
            arguments.choose("the word close", &[("close", ())])?;
            Command::CloseSession { session: ClientId(arguments.number("a number")?) }
        }
        Verb::LogOut => Command::LogOut,
        Verb::Quit => {
            // Elsewhere a farewell may follow. Whoever wants to leave is let go.
            arguments.take_rest();
            Command::Quit
        }
        Verb::Operator => Command::ClaimOperator { code: arguments.code()? },
        Verb::Server => server(arguments)?,

        // What the connection does itself, or at least begins.
        Verb::Help => return help_topic(arguments).map(Typed::Help),
        Verb::More => return Ok(Typed::More),
        Verb::Version => return Ok(Typed::Version),
        Verb::Invite => return invite(arguments),
        Verb::Password if arguments.rest.is_empty() => return Ok(Typed::Password),
        Verb::Password => return Err(Mistake::PasswordShown),
        Verb::Account => {
            arguments.choose("the word delete", &[("delete", ())])?;
            if !arguments.rest.is_empty() {
                return Err(Mistake::DeletionPasswordShown);
            }
            return Ok(Typed::DeleteAccount);
        }
    }))
}

fn help_topic(arguments: &mut Arguments) -> Result<HelpTopic, Mistake> {
    // `/help room delete` and `/help server ban` are explained by their first word.
    let Some(word) = arguments.take_rest().split_whitespace().next() else {
        return Ok(HelpTopic::Overview);
    };
    HelpTopic::named(word).map_err(|suggestion| Mistake::NoSuchHelp { typed: Quote::of(word), suggestion })
}

fn invite(arguments: &mut Arguments) -> Result<Typed, Mistake> {
    let before = arguments.marked_room(&['#'])?;
    if arguments.peek().is_some_and(|word| word.eq_ignore_ascii_case("code")) {
        arguments.next();
        arguments.form = arguments.form.with("code");
        return Ok(Typed::InviteCode { room: arguments.or_room(before)? });
    }
    let who = arguments.person()?;
    Ok(Typed::Ask(Command::Invite { who, room: arguments.or_room(before)? }))
}

/// `/token`: what one may do with one's tokens.
fn token(arguments: &mut Arguments) -> Result<Typed, Mistake> {
    if arguments.rest.is_empty() {
        return Ok(Typed::Ask(Command::ListTokens));
    }
    let known = [("new", Verb::Create), ("list", Verb::Rooms), ("revoke", Verb::Leave)];
    Ok(match arguments.choose("new, list or revoke", &known)? {
        Verb::Create => {
            let name = arguments.room_name("a name")?;
            Typed::NewToken { name, seconds: arguments.duration()? }
        }
        Verb::Rooms => Typed::Ask(Command::ListTokens),
        _ => Typed::Ask(Command::RevokeToken { name: arguments.room_name("a name")? }),
    })
}

/// `/room`: one command to those who type it, several to the chat.
fn room(arguments: &mut Arguments) -> Result<Command, Mistake> {
    #[derive(Clone, Copy, PartialEq)]
    enum Change {
        Show,
        Set(Visibility),
        Rename,
        HandOver,
        Delete,
    }
    let before = arguments.marked_room(&['#', '@'])?;
    if arguments.rest.is_empty() {
        return Ok(Command::ShowRoom { room: before });
    }
    let known = [
        ("show", Change::Show),
        ("public", Change::Set(Visibility::Public)),
        ("private", Change::Set(Visibility::Private)),
        ("rename", Change::Rename),
        ("owner", Change::HandOver),
        ("delete", Change::Delete),
    ];
    Ok(match arguments.choose("what to do", &known)? {
        Change::Show => Command::ShowRoom { room: arguments.or_room(before)? },
        Change::Set(visibility) => Command::SetVisibility { room: before, visibility },
        Change::Rename => Command::RenameRoom { room: before, name: arguments.room_name("a new name")? },
        Change::HandOver => Command::HandOver { room: before, to: arguments.person()? },
        Change::Delete => {
            let confirmation = if arguments.rest.is_empty() { None } else { Some(arguments.room_name("a name")?) };
            Command::DeleteRoom { room: before, confirmation }
        }
    })
}

/// `/history [ROOM] [COUNT | FROM-TO]`. What looks like numbers is taken for numbers, unless it has a `#`.
fn history(arguments: &mut Arguments) -> Result<Command, Mistake> {
    let is_range = |word: &&str| {
        is_numeric(word) || word.chars().any(char::is_numeric) && word.split('-').all(is_empty_or_numeric)
    };
    let room = if arguments.peek().as_ref().is_some_and(is_range) { None } else { arguments.optional_room()? };
    let form = arguments.form;
    let Some(word) = arguments.peek().filter(is_range) else {
        return Ok(Command::History { room, range: HistoryRange::Newest });
    };
    arguments.next();
    let typed = || Quote::of(word);
    let number = |digits: &str| number(digits).ok_or_else(|| Mistake::BadNumber { typed: typed(), form });
    let range = match word.split_once('-') {
        None => HistoryRange::Last(number(word)?),
        Some((from, to)) => {
            let (from, to): (Seq, Seq) = (number(from)?, number(to)?);
            if from > to {
                return Err(Mistake::BadRange { typed: typed(), form: form.with("#tea") });
            }
            HistoryRange::Between(from, to)
        }
    };
    Ok(Command::History { room, range })
}

/// `/server`: what operators do.
fn server(arguments: &mut Arguments) -> Result<Command, Mistake> {
    let known = [
        ("kick", Verb::Kick),
        ("ban", Verb::Ban),
        ("unban", Verb::Unban),
        ("bans", Verb::Bans),
        ("op", Verb::Op),
        ("deop", Verb::Deop),
    ];
    Ok(match arguments.choose("kick, ban, unban, bans, op or deop", &known)? {
        Verb::Kick => Command::ServerKick { who: arguments.person()?, why: Text::from(arguments.take_rest()) },
        Verb::Ban => Command::ServerBan {
            target: arguments.ban_target()?,
            seconds: arguments.duration()?,
            why: Text::from(arguments.take_rest()),
        },
        Verb::Unban => Command::ServerUnban { target: arguments.ban_target()? },
        Verb::Op => Command::ServerPromote { who: arguments.person()? },
        Verb::Deop => Command::ServerDemote { who: arguments.person()? },
        _ => Command::ServerBans,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::chat::{BanTarget, Code};
    use proptest::prelude::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn room(text: &str) -> Option<RoomLabel> {
        Some(match text.strip_prefix('@') {
            Some(direct) => RoomLabel::Direct(name(direct)),
            None => RoomLabel::Room(name(text)),
        })
    }

    fn text(text: &str) -> Text {
        Text::from(text)
    }

    fn speech(room: Option<RoomLabel>, said: &str) -> Command {
        Command::Say { room, kind: MessageKind::Speech, text: text(said), keyed: None }
    }

    fn check(line: &str, expected: Typed) {
        assert_eq!(parse(line.as_bytes()), expected, "{line:?}");
    }

    fn check_ask(line: &str, expected: Command) {
        check(line, Typed::Ask(expected));
    }

    fn check_wrong(line: &str, expected: &str) {
        match parse(line.as_bytes()) {
            Typed::Wrong(mistake) => assert_eq!(mistake.text(), expected, "{line:?}"),
            other => panic!("{line:?} is {other:?}"),
        }
    }

    #[test]
    fn what_has_no_slash_is_said() {
        check_ask("hello everyone", speech(None, "hello everyone"));
        check_ask("  a  b ", speech(None, "a  b"));
        check_ask("1/2", speech(None, "1/2"));
        check_ask("quit it", speech(None, "quit it"));
        check_ask("login", speech(None, "login"));
        check_ask("//help", speech(None, "/help"));
        check_ask("//", speech(None, "/"));
        check_ask("///x", speech(None, "//x"));
        check_ask("//quit", speech(None, "/quit"));
        check("", Typed::Nothing);
        check(" \t ", Typed::Nothing);
        assert_eq!(parse(b"a\xffb\x1b"), Typed::Ask(speech(None, "a\u{FFFD}b\u{FFFD}")));
    }

    #[test]
    fn a_bare_command_word_is_not_said_at_once() {
        let check_bare = |line: &str, word: BareWord| check(line, Typed::Bare(word, text(line)));
        check_bare("quit", BareWord::Quit);
        check_bare("EXIT", BareWord::Exit);
        check_bare("bye", BareWord::Bye);
        check_bare("logout", BareWord::LogOut);
        check_bare(" help ", BareWord::Help);
        check_bare("login ana SECRET", BareWord::LogIn);
        check_bare("Register ana two words", BareWord::LogIn);
        check_ask("login ? it does not work", speech(None, "login ? it does not work"));
        for (word, bare) in [("quit", BareWord::Quit), ("bye", BareWord::Bye), ("help", BareWord::Help)] {
            assert!(bare.hint().starts_with(&format!("\"{word}\" was not sent.")), "{}", bare.hint());
        }
        assert!(BareWord::LogIn.hint().contains("was not sent"));
    }

    #[test]
    fn talk() {
        check_ask("/say tea the kettle  is on", speech(room("tea"), "the kettle  is on"));
        check_ask("/SAY #tea /x", speech(room("tea"), "/x"));
        check_ask("/say @bob hi", speech(room("@bob"), "hi"));
        let waves = Command::Say { room: None, kind: MessageKind::Action, text: text("waves"), keyed: None };
        check_ask(" /me waves", waves);
        for line in ["/msg bob hi", "/m bob hi", "/tell @bob hi", "/whisper bob: hi", "/msg bob, hi", "/msg@bob hi"] {
            check_ask(line, Command::Tell { to: name("bob"), text: text("hi") });
        }
        check_ask("/r yes", Command::Reply { text: text("yes") });
        check_ask("/dm bob", Command::OpenDirect { with: name("bob") });
        check_ask("/query @bob", Command::OpenDirect { with: name("bob") });
    }

    #[test]
    fn rooms() {
        check_ask("/rooms", Command::ListRooms { page: 1 });
        check_ask("/list 3", Command::ListRooms { page: 3 });
        for line in ["/join tea", "/j #tea", "/JOIN #tea ", "/join#tea"] {
            check_ask(line, Command::Join { room: room("tea").unwrap() });
        }
        check_ask("/join @bob", Command::Join { room: room("@bob").unwrap() });
        check_ask("/leave", Command::Leave { room: None });
        check_ask("/part tea", Command::Leave { room: room("tea") });
        check_ask("/create tea", Command::Create { name: name("tea"), visibility: Visibility::Public });
        check_ask("/create #tea priv", Command::Create { name: name("tea"), visibility: Visibility::Private });
        check_ask("/topic", Command::Topic { room: None, text: None });
        check_ask("/topic #tea", Command::Topic { room: room("tea"), text: None });
        check_ask("/topic tea", Command::Topic { room: None, text: Some(text("tea")) });
        check_ask("/topic -", Command::Topic { room: None, text: Some(text("")) });
        check_ask(
            "/topic #tea all about - tea",
            Command::Topic { room: room("tea"), text: Some(text("all about - tea")) },
        );
    }

    #[test]
    fn one_room() {
        let visibility = Visibility::Private;
        check_ask("/room", Command::ShowRoom { room: None });
        check_ask("/room #tea", Command::ShowRoom { room: room("tea") });
        check_ask("/room #tea show", Command::ShowRoom { room: room("tea") });
        check_ask("/room show tea", Command::ShowRoom { room: room("tea") });
        check_ask("/room @bob", Command::ShowRoom { room: room("@bob") });
        check_ask("/room private", Command::SetVisibility { room: None, visibility });
        check_ask("/room #tea priv", Command::SetVisibility { room: room("tea"), visibility });
        check_ask("/room rename #cake", Command::RenameRoom { room: None, name: name("cake") });
        check_ask("/room delete", Command::DeleteRoom { room: None, confirmation: None });
        check_ask("/room #tea delete tea", Command::DeleteRoom { room: room("tea"), confirmation: Some(name("tea")) });
        check_ask("/room owner bob", Command::HandOver { room: None, to: name("bob") });
    }

    #[test]
    fn invitations() {
        check_ask("/invite bob", Command::Invite { who: name("bob"), room: None });
        check_ask("/invite bob tea", Command::Invite { who: name("bob"), room: room("tea") });
        check_ask("/invite #tea @bob", Command::Invite { who: name("bob"), room: room("tea") });
        check("/invite code", Typed::InviteCode { room: None });
        check("/invite Code #tea", Typed::InviteCode { room: room("tea") });
        check("/invite #tea code", Typed::InviteCode { room: room("tea") });
        check_ask("/accept", Command::Accept { what: None });
        check_ask("/accept #tea", Command::Accept { what: Some(name("tea")) });
        check_ask("/acce maple-otter-42", Command::Accept { what: Some(name("maple-otter-42")) });
        check_ask("/uninvite bob tea", Command::Uninvite { what: name("bob"), room: room("tea") });
        check_ask("/uninvite #tea bob", Command::Uninvite { what: name("bob"), room: room("tea") });
    }

    #[test]
    fn people() {
        check_ask("/who", Command::Who { room: None, page: 1 });
        check_ask("/w 2", Command::Who { room: None, page: 2 });
        check_ask("/names tea", Command::Who { room: room("tea"), page: 1 });
        check_ask("/users #22 3", Command::Who { room: room("22"), page: 3 });
        check_ask("/whois @bob", Command::Whois { name: name("bob") });
        check_ask("/away", Command::Away { text: text("") });
        check_ask("/afk lunch, back at two", Command::Away { text: text("lunch, back at two") });
        check_ask("/back", Command::Back);
    }

    #[test]
    fn reading() {
        let history = |room: Option<RoomLabel>, range| Command::History { room, range };
        check_ask("/history", history(None, HistoryRange::Newest));
        check_ask("/hi 50", history(None, HistoryRange::Last(50)));
        check_ask("/history 10-20", history(None, HistoryRange::Between(10, 20)));
        check_ask("/history 7-7", history(None, HistoryRange::Between(7, 7)));
        check_ask("/history tea", history(room("tea"), HistoryRange::Newest));
        check_ask("/history #50", history(room("50"), HistoryRange::Newest));
        check_ask("/history #10-20", history(room("10-20"), HistoryRange::Newest));
        check_ask("/history 2-go 5", history(room("2-go"), HistoryRange::Last(5)));
        check_ask("/history @bob 1-9", history(room("@bob"), HistoryRange::Between(1, 9)));
        check_ask("/unread", Command::Unread);
        check_ask("/catchup", Command::CatchUp { room: None });
        check_ask("/catchup tea", Command::CatchUp { room: room("tea") });
        check("/more", Typed::More);
    }

    #[test]
    fn moderation() {
        let who = || name("bob");
        check_ask("/kick bob", Command::Kick { who: who(), room: None, why: text("") });
        check_ask("/kick #tea @bob too loud", Command::Kick { who: who(), room: room("tea"), why: text("too loud") });
        check_ask("/kick bob #tea too loud", Command::Kick { who: who(), room: room("tea"), why: text("too loud") });
        let ban = |room, seconds, why: &str| Command::Ban { who: who(), room, seconds, why: text(why) };
        check_ask("/ban bob", ban(None, None, ""));
        check_ask("/ban bob 30m", ban(None, Some(1800), ""));
        check_ask("/ban #tea bob 2d too loud", ban(room("tea"), Some(172_800), "too loud"));
        check_ask("/ban bob too loud", ban(None, None, "too loud"));
        check_ask("/ban bob 3rd warning", ban(None, None, "3rd warning"));
        check_ask("/unban bob", Command::Unban { who: who(), room: None });
        check_ask("/bans", Command::ListBans { room: None });
        check_ask("/bans #tea", Command::ListBans { room: room("tea") });
        check_ask("/op #tea bob", Command::Promote { who: who(), room: room("tea") });
        check_ask("/deop bob", Command::Demote { who: who(), room: None });
    }

    #[test]
    fn you_and_the_server() {
        check("/password", Typed::Password);
        check("/account delete", Typed::DeleteAccount);
        check_ask("/set acks on", Command::SetAcks { on: true });
        check_ask("/SET Acks OFF", Command::SetAcks { on: false });
        check_ask("/logout", Command::LogOut);
        for line in ["/quit", "/q", "/exit", "/bye all"] {
            check_ask(line, Command::Quit);
        }
        check("/version", Typed::Version);
        let code = || Code::typed("maple-otter-42");
        check_ask("/operator MAPLE-otter-42", Command::ClaimOperator { code: code() });
        check_ask("/operator maple otter 42", Command::ClaimOperator { code: code() });
        let address = || BanTarget::Address(Address::parse("192.0.2.7").unwrap());
        let account = || BanTarget::Account(name("bob"));
        check_ask("/server kick bob why", Command::ServerKick { who: name("bob"), why: text("why") });
        check_ask(
            "/server ban 192.0.2.7 1w",
            Command::ServerBan { target: address(), seconds: Some(604_800), why: text("") },
        );
        check_ask("/server ban bob", Command::ServerBan { target: account(), seconds: None, why: text("") });
        check_ask("/server unban 192.0.2.7", Command::ServerUnban { target: address() });
        check_ask("/server unban bob", Command::ServerUnban { target: account() });
        check_ask("/server bans", Command::ServerBans);
        check_ask("/server op bob", Command::ServerPromote { who: name("bob") });
        check_ask("/server deop bob", Command::ServerDemote { who: name("bob") });
    }

    #[test]
    fn help_is_found_in_every_way() {
        check("/help", Typed::Help(HelpTopic::Overview));
        check("/?", Typed::Help(HelpTopic::Overview));
        check("/h all", Typed::Help(HelpTopic::All));
        for line in ["/help join", "/h /join", "/help jo", "/join -h", "/join --help", "/j ?", "/help join #tea"] {
            check(line, Typed::Help(HelpTopic::Command(Verb::Join)));
        }
        check("/help -h", Typed::Help(HelpTopic::Command(Verb::Help)));
        check("/password -h", Typed::Help(HelpTopic::Command(Verb::Password)));
        check_wrong("/help jion", r#"There is no help on "jion". Did you mean /help join ?"#);
        check_wrong("/help kettle", r#"There is no help on "kettle". /help all lists what there is."#);
    }

    #[test]
    fn an_unknown_command_says_what_was_meant() {
        check_wrong("/hlep", r#"Unknown command "/hlep". Did you mean /help ? Nothing was done."#);
        check_wrong("/Jion #tea", r#"Unknown command "/Jion". Did you mean /join ? Nothing was done."#);
        check_wrong("/nick bob", r#"Unknown command "/nick". Nothing was done. /help all lists the commands."#);
        check_wrong(
            "/t bob hi",
            r#""/t" may mean /tell, /topic or /token. Nothing was done. Type a little more of it."#,
        );
        check_wrong(
            "/un",
            r#""/un" may mean /uninvite, /unread or /unban. Nothing was done. Type a little more of it."#,
        );
        check_wrong(
            "/usr/bin/true is true",
            r#""/usr/bin/true" is not a command. Nothing was sent. To say it, put one more slash in front: //usr/bin/true"#,
        );
        check_wrong("/", r#""/" is not a command. Nothing was sent. To say it, put one more slash in front: //"#);
        check_wrong("/ hi", r#""/" is not a command. Nothing was sent. To say it, put one more slash in front: //"#);
        check_wrong(
            "/#x hi",
            r##""/#x" is not a command. Nothing was sent. To say it, put one more slash in front: //#x"##,
        );
        check_wrong(
            "/login ana SECRET",
            "You are logged in already. Nothing was done. To log in under another name type /logout first.",
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        check_wrong("/join", "/join needs a room. Nothing was done. Usage: /join ROOM - for example /join #tea");
        check_wrong(
            "/msg",
            "/msg needs a name. Nothing was sent. Usage: /msg NAME TEXT - for example /msg cho back at four?",
        );
        check_wrong(
            "/msg bob",
            "/msg needs a text. Nothing was sent. Usage: /msg NAME TEXT - for example /msg cho back at four?",
        );
        check_wrong(
            "/room rename",
            "/room needs a new name. Nothing was done. Usage: /room [#ROOM] rename NEW - for example /room rename cake",
        );
        check_wrong(
            "/server op",
            "/server needs a name. Nothing was done. Usage: /server op NAME - for example /server op cho",
        );
        check_wrong("/account", "/account needs the word delete. Nothing was done. Type /account delete");
        check_wrong(
            "/set acks",
            "/set needs on or off. Nothing was done. Usage: /set acks on | off - for example /set acks on",
        );
    }

    #[test]
    fn what_does_not_fit_is_not_done() {
        check_wrong(
            "/join tea cake",
            r#""cake" is too much for /join. Nothing was done. Usage: /join ROOM - for example /join #tea"#,
        );
        check_wrong(
            "/w bob hi",
            r#""hi" is too much for /who. Nothing was done. Usage: /who [ROOM] [PAGE] - for example /who"#,
        );
        check_wrong("/unread #tea", r##""#tea" is too much for /unread. Nothing was done. Type /unread"##);
        check_wrong(
            "/dm bob hi",
            "/dm only opens the talk with bob. Your text was not sent. To send it: /msg bob TEXT",
        );
        check_wrong(
            "/join t",
            r#""t" cannot be a name: names have 2 to 20 characters. Nothing was done. Usage: /join ROOM"#,
        );
        check_wrong(
            "/say téa hi",
            r#""téa" cannot be a name: names are letters a to z, digits, - and _, starting with a letter or digit. Nothing was sent. Usage: /say ROOM TEXT"#,
        );
        check_wrong(
            "/create tea secret",
            r#"/create does not know "secret". Nothing was done. It knows public and private, as in /create tea private"#,
        );
        check_wrong(
            "/set colour on",
            r#"/set does not know "colour". Nothing was done. It knows acks, as in /set acks on"#,
        );
        check_wrong(
            "/room tea",
            r#"/room does not know "tea". Nothing was done. It knows show, public, private, rename, owner and delete, as in /room #tea show"#,
        );
        check_wrong(
            "/server ban b!",
            r#""b!" is neither a name nor an address. Nothing was done. Usage: /server ban NAME [TIME] [WHY] - for example /server ban 192.0.2.7 2d flooding"#,
        );
        check_wrong(
            "/password hunter2",
            "The password you typed was shown, and was not used: nothing was changed. \
             Type /password alone, and you are asked for a new one without showing it.",
        );
        check_wrong(
            "/history 20-10",
            r#""20-10" is the wrong way round. Nothing was done. The smaller number is first: /history #tea 10-20"#,
        );
    }

    #[test]
    fn a_number_is_whole_and_starts_at_one() {
        let huge = "9".repeat(400);
        for word in ["0", "-5", "+5", "٣", "５０", "9223372036854775808", &huge, "0-5", "5-", "1-2-3", "٣-٤"] {
            for line in [format!("/history {word}"), format!("/history #tea {word}")] {
                let typed = parse(line.as_bytes());
                assert!(matches!(typed, Typed::Wrong(Mistake::BadNumber { .. })), "{typed:?}");
            }
        }
        for line in ["/rooms 0", "/rooms -5", "/who -1", "/who #tea 0", &format!("/who {huge}"), "/rooms ٣"] {
            assert!(matches!(parse(line.as_bytes()), Typed::Wrong(Mistake::BadNumber { .. })), "{line}");
        }
        check_ask("/rooms 9223372036854775807", Command::ListRooms { page: 9_223_372_036_854_775_807 });
    }

    #[test]
    fn a_bad_time_bans_nobody() {
        let bad = r#""30" is not a time from 1s to 10 years, such as 30m, 2h, 2d or 1w. Nobody was banned. Usage: /ban [#ROOM] NAME [TIME] [WHY] - for example /ban bob 30m please calm down"#;
        check_wrong("/ban bob 30 spam", bad);
    }

    #[test]
    fn every_example_works_and_is_of_its_command() {
        for row in &TABLE {
            for example in row.examples {
                let typed = parse(example.as_bytes());
                assert!(!matches!(typed, Typed::Wrong(_)), "{example}: {typed:?}");
                let word = example[1..].split(' ').next().unwrap();
                assert!(Verb::find(word) == Found::One(row.verb) || example.ends_with(" -h"), "{example}");
            }
        }
    }

    #[test]
    fn every_form_with_a_word_of_its_own_has_an_example() {
        for (verb, words) in [
            (Verb::Room, &["show", "public", "private", "rename", "owner", "delete"][..]),
            (Verb::Server, &["kick", "ban", "unban", "bans", "op", "deop"]),
            (Verb::Invite, &["code"]),
            (Verb::Set, &["acks"]),
            (Verb::Account, &["delete"]),
        ] {
            for word in words {
                let form = Form::of(verb).with(word);
                let has_word = |line: &str| line.contains(&format!(" {word}")) || line.contains(&format!("[{word}]"));
                assert!(has_word(form.usage) && has_word(form.example), "{word}: {form:?}");
            }
        }
    }

    /// Lines that reach far into the grammar: command words, and arguments of which some fit.
    fn command_line() -> impl Strategy<Value = String> {
        let words: Vec<&str> = TABLE.iter().flat_map(Row::words).map(|(word, _)| word).collect();
        let known = "show|public|rename|owner|delete|code|kick|ban|unban|bans|op|acks|on|-h|-|#|@|#tea|@bob|bob|tea";
        let argument = format!("({known}|[0-9]{{1,25}}[smhdwy-]?[0-9]*|[#@]?\\PC{{1,60}}|\\PC{{0,3}})");
        let argument = proptest::string::string_regex(&argument).unwrap();
        let rest = proptest::collection::vec(argument, 0..4);
        (proptest::sample::select(words), rest).prop_map(|(word, rest)| format!("/{word} {}", rest.join(" ")))
    }

    fn check_mistake(typed: &Typed) {
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
            check_mistake(&parse(&line));
            check_mistake(&parse(&[b"/", &line[..]].concat()));
        }

        #[test]
        fn any_arguments_are_answered(line in command_line()) {
            check_mistake(&parse(line.as_bytes()));
        }

        #[test]
        fn what_is_said_after_two_slashes_keeps_one(line in "[a-z/#@ ]{0,40}") {
            let spoken = Typed::Ask(speech(None, &format!("/{line}")));
            prop_assert_eq!(parse(format!("//{line}").as_bytes()), spoken);
        }
    }
}
