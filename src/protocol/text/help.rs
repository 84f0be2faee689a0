//! Help: one screen of what one needs, a paragraph a command, and the list of all commands.
//!
//! Owns the words around the rows, and how they are laid out: lines of plain ASCII that fit 80 columns with the `-- ` which
//! the caller puts in front.

use super::arguments::Arguments;
use super::mistake::{Mistake, Quote};
use super::row::{Found, Group, Row, commands, find, nearest, words};

/// Longest line of help, without the `-- ` in front.
pub const HELP_MAX_COLUMNS: usize = 75;

/// A topic of help.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HelpTopic {
    /// The essentials, on one screen.
    Overview,
    /// Every command, a line each.
    All,
    /// What happens to what is typed: abbreviations, silence, interrupted lines, slashes.
    Typing,
    /// A command, or a subcommand.
    Command(&'static Row),
}

/// Topics other than commands. A whole command word takes precedence over all of them.
const TOPICS: [(&str, HelpTopic); 6] = [
    ("all", HelpTopic::All),
    ("commands", HelpTopic::All),
    ("typing", HelpTopic::Typing),
    ("keys", HelpTopic::Typing),
    ("talking", HelpTopic::Typing),
    ("//", HelpTopic::Typing),
];

/// The commands that `/help` shows: enough for a first evening.
const NEEDED: [&str; 10] = ["rooms", "join", "leave", "who", "msg", "reply", "history", "unread", "create", "quit"];

const TYPING: &[&str] = &[
    "What you type without a slash in front is said in your current room.",
    "It is not repeated to you: silence means that it is stored and delivered. If it is not, that is said, and what \
     was refused was seen by nobody.",
    "If a message arrives while you type, your line looks broken but nothing is lost: Enter sends it whole, and Ctrl-R \
     shows it again (in telnet and most terminals).",
    "A command may be shortened as long as only one fits: /hi is /history. /h help, /j join, /w who, /m msg, /r reply \
     and /q quit never change.",
    "To say a line that starts with a slash, type two: //like this.",
    "A room is written #tea, or just tea where nothing else can be meant. @bob is your direct messages with bob.",
];

const BEFORE_LOGIN: &[&str] = &[
    "login NAME       log in; the password is asked for, and does not show",
    "register NAME    create an account; you choose its name and its password",
    "help             show these lines",
    "quit             close the connection",
    "If your client cannot hide what you type (nc cannot), that is said first.",
    "A name has 2 to 20 letters, digits, - or _. Capitals make no difference.",
    "A program cannot be asked, so it gives the password at once, which shows:",
    "  printf '%s\\n' 'login ana SECRET' '/say #tea hi' /quit | nc HOST PORT",
];

impl HelpTopic {
    /// The topic that `word` names, with or without a slash in front: a command, or another topic. If there is none, the
    /// word that was probably meant.
    fn named(word: &str) -> Result<HelpTopic, Option<&'static str>> {
        let all = || words().map(|(word, row)| (word, HelpTopic::Command(row))).chain(TOPICS);
        let word = if word == "//" { word } else { word.strip_prefix('/').unwrap_or(word) };
        match find(word, all()) {
            Found::One(topic) => Ok(topic),
            Found::Several(words) => Err(words.first().copied()),
            Found::None => Err(nearest(word, all().map(|(word, _)| word))),
        }
    }

    /// The lines that explain it.
    pub fn lines(self) -> Vec<String> {
        match self {
            HelpTopic::Overview => overview(),
            HelpTopic::All => all(),
            HelpTopic::Typing => TYPING.iter().flat_map(|paragraph| wrap(paragraph)).collect(),
            HelpTopic::Command(row) => command(row),
        }
    }
}

/// `/help [COMMAND]`. Of `/help room delete` both words count; what else follows a command is ignored.
pub(super) fn parse(arguments: &mut Arguments) -> Result<HelpTopic, Mistake> {
    let mut typed = arguments.take_rest().split_whitespace();
    let Some(word) = typed.next() else {
        return Ok(HelpTopic::Overview);
    };
    let topic = HelpTopic::named(word).map_err(|suggestion| no_such_help(word, suggestion))?;
    if let (HelpTopic::Command(row), Some(second)) = (topic, typed.next())
        && let Found::One(row) = find(second, row.subcommands())
    {
        return Ok(HelpTopic::Command(row));
    }
    Ok(topic)
}

fn no_such_help(word: &str, suggestion: Option<&str>) -> Mistake {
    let word = Quote(word);
    Mistake::new(match suggestion {
        Some(suggestion) => format!("There is no help on {word}. Did you mean /help {suggestion} ?"),
        None => format!("There is no help on {word}. /help all lists what there is."),
    })
}

/// What `help` shows to somebody who is not logged in.
pub fn before_login() -> impl Iterator<Item = &'static str> {
    BEFORE_LOGIN.iter().copied()
}

fn overview() -> Vec<String> {
    let mut lines = vec!["Just type to talk. What starts with a slash is a command:".to_owned()];
    let needed = |name: &&str| commands().find(|row| row.name == *name);
    lines.extend(NEEDED.iter().filter_map(needed).map(|row| format!("  {:<33} {}", row.usages[0], row.summary)));
    lines.extend(
        [
            "Commands may be shortened: /hi is /history. To say a slash, type two: //",
            "What you say is not repeated to you: silence means that it is stored.",
            "A message that arrives as you type loses nothing: Ctrl-R shows your line.",
            "/help join explains a command, /help typing the rest, /help all lists all.",
        ]
        .map(str::to_owned),
    );
    lines
}

fn all() -> Vec<String> {
    let mut lines = Vec::new();
    for group in Group::ALL {
        lines.push(format!("{}:", group.title()));
        let rows = commands().filter(|row| row.group == group);
        lines.extend(rows.map(|row| format!("  {:<10} {}", format!("/{}", row.name), row.summary)));
    }
    lines.push("/help NAME explains a command, as in /help join.".to_owned());
    lines
}

fn command(row: &Row) -> Vec<String> {
    let mut lines: Vec<String> = row.usages.iter().map(|usage| (*usage).to_owned()).collect();
    for (_, subcommand) in row.subcommands() {
        let summaries = std::iter::once(subcommand.summary).chain(std::iter::repeat(""));
        let line = |(usage, summary): (&&str, &str)| format!("{usage:<33} {summary}").trim_end().to_owned();
        lines.extend(subcommand.usages.iter().zip(summaries).map(line));
    }
    lines.extend(wrap(row.help));
    if !row.aliases.is_empty() {
        let aliases: Vec<String> = row.aliases.iter().map(|alias| format!("/{alias}")).collect();
        lines.push(format!("The same: {}", aliases.join(", ")));
    }
    lines.extend(row.all_examples().take(2).map(|example| format!("Example:  {example}")));
    lines
}

/// Cuts a paragraph between words into lines of at most [`HELP_MAX_COLUMNS`].
fn wrap(paragraph: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in paragraph.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= HELP_MAX_COLUMNS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::row::rows;
    use super::super::tests::{check_line, check_mistake};
    use super::*;
    use crate::chat::{NAME_MAX_CHARS, NAME_MIN_CHARS};
    use crate::protocol::text::Typed;

    fn explained(name: &str) -> HelpTopic {
        HelpTopic::Command(rows().find(|row| row.name == name).unwrap())
    }

    #[test]
    fn every_line_of_help_fits_a_screen() {
        let topics = [HelpTopic::Overview, HelpTopic::All, HelpTopic::Typing].into_iter();
        let topics = topics.chain(rows().map(HelpTopic::Command));
        let mut lines: Vec<String> = topics.flat_map(HelpTopic::lines).collect();
        lines.extend(before_login().map(str::to_owned));
        for line in lines {
            assert!(line.len() <= HELP_MAX_COLUMNS, "{} columns: {line}", line.len());
            assert!(!line.is_empty() && line.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{line}");
        }
    }

    #[test]
    fn the_first_help_is_one_screen() {
        let lines = HelpTopic::Overview.lines();
        assert!(lines.len() <= 20, "{}", lines.len());
        assert_eq!(lines.iter().filter(|line| line.starts_with("  /")).count(), 10);
        assert!(before_login().count() <= 20);
        let name_rule = format!("{NAME_MIN_CHARS} to {NAME_MAX_CHARS} letters");
        assert!(before_login().any(|line| line.contains(&name_rule)));
    }

    #[test]
    fn the_list_has_every_command_once() {
        let lines = HelpTopic::All.lines();
        for row in commands() {
            let start = format!("  /{} ", row.name);
            assert_eq!(lines.iter().filter(|line| line.starts_with(&start)).count(), 1, "{start}");
        }
    }

    #[test]
    fn a_command_has_its_usage_and_two_examples() {
        let lines = explained("join").lines();
        assert_eq!(lines[0], "/join ROOM [public | private]");
        assert_eq!(lines[lines.len() - 3..], ["The same: /j", "Example:  /join #tea", "Example:  /j tea"]);
        for row in commands() {
            let lines = HelpTopic::Command(row).lines();
            assert_eq!(lines.iter().filter(|line| line.starts_with("Example:  /")).count(), 2, "{}", row.name);
        }
        let lines = explained("token revoke").lines();
        assert_eq!(
            (lines[0].as_str(), lines.last().unwrap().as_str()),
            ("/token revoke NAME", "Example:  /token revoke bridge")
        );
        assert!(explained("token").lines().contains(&"/token revoke NAME                revoke one".to_owned()));
    }

    #[test]
    fn a_topic_is_found_by_its_name() {
        let check = |word: &str, expected: Result<HelpTopic, Option<&str>>| {
            assert_eq!(HelpTopic::named(word), expected, "{word}");
        };
        check("join", Ok(explained("join")));
        check("/join", Ok(explained("join")));
        check("JO", Ok(explained("join")));
        check("exit", Ok(explained("quit")));
        check("all", Ok(HelpTopic::All));
        check("Typing", Ok(HelpTopic::Typing));
        check("//", Ok(HelpTopic::Typing));
        check("jion", Err(Some("join")));
        check("typign", Err(Some("typing")));
        check("kettle", Err(None));
        check("ro", Err(Some("rooms")));
        check("nick", Err(None));
    }

    #[test]
    fn help_is_found_in_every_way() {
        check_line("/help", Typed::Help(HelpTopic::Overview));
        check_line("/?", Typed::Help(HelpTopic::Overview));
        check_line("/h all", Typed::Help(HelpTopic::All));
        for line in ["/help join", "/h /join", "/help jo", "/join -h", "/join --help", "/j ?", "/help join #tea"] {
            check_line(line, Typed::Help(explained("join")));
        }
        check_line("/help -h", Typed::Help(explained("help")));
        check_line("/password -h", Typed::Help(explained("password")));
        check_line("/help room", Typed::Help(explained("room")));
        check_line("/help room #tea", Typed::Help(explained("room")));
        check_line("/help room ren", Typed::Help(explained("room rename")));
        check_mistake("/help jion", r#"There is no help on "jion". Did you mean /help join ?"#);
        check_mistake("/help kettle", r#"There is no help on "kettle". /help all lists what there is."#);
    }

    #[test]
    fn a_paragraph_is_cut_between_words() {
        let check = |paragraph: &str, expected: &[usize]| {
            let lengths: Vec<usize> = wrap(paragraph).iter().map(String::len).collect();
            assert_eq!(lengths, expected);
        };
        check("one", &[3]);
        check(&["word"; 15].join(" "), &[74]);
        check(&["word"; 16].join(" "), &[74, 4]);
        check(&["seven77"; 20].join(" "), &[71, 71, 15]);
    }
}
