//! What the server explains: one screen of what one needs, a paragraph a command, and the list of all commands.
//!
//! Owns the words around the table of commands, and how they are laid out: lines of plain ASCII that fit 80 columns
//! with the `-- ` which the caller puts in front. Never pages; a long answer is cut into pages by the caller.

use super::table::{Found, Group, Row, TABLE, Verb, find, nearest};

/// Longest line of help, without the `-- ` in front.
pub const HELP_MAX_COLUMNS: usize = 75;

/// What is to be explained.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HelpTopic {
    /// What one needs, on one screen.
    Overview,
    /// Every command, a line each.
    All,
    /// What happens to what is typed: abbreviations, silence, interrupted lines, slashes.
    Typing,
    /// One command.
    Command(Verb),
}

/// Topics that are no commands. A whole command word goes before all of them.
const TOPICS: [(&str, HelpTopic); 6] = [
    ("all", HelpTopic::All),
    ("commands", HelpTopic::All),
    ("typing", HelpTopic::Typing),
    ("keys", HelpTopic::Typing),
    ("talking", HelpTopic::Typing),
    ("//", HelpTopic::Typing),
];

/// The commands that `/help` shows: enough for a first evening.
const NEEDED: [Verb; 10] = [
    Verb::Rooms,
    Verb::Join,
    Verb::Leave,
    Verb::Who,
    Verb::Msg,
    Verb::Reply,
    Verb::History,
    Verb::Unread,
    Verb::Create,
    Verb::Quit,
];

const TYPING: &[&str] = &[
    "What you type without a slash in front is said in the room where you talk.",
    "It is not repeated to you: silence means that it is stored and delivered. If it is not, you are told, and what \
     was refused was seen by nobody.",
    "If a message arrives while you type, your line looks broken but nothing is lost: Enter sends it whole, and Ctrl-R \
     shows it again (in telnet and most terminals).",
    "A command may be shortened as long as only one fits: /hi is /history. /h help, /j join, /w who, /m msg, /r reply \
     and /q quit never change.",
    "To say a line that starts with a slash, type two: //like this.",
    "A room is written #tea, or just tea where nothing else can be meant. @bob is the talk between you and bob alone.",
];

const BEFORE_LOGIN: &[&str] = &[
    "login NAME       log in; the password is asked for, and does not show",
    "register NAME    make an account, with a name and a password of your choice",
    "help             show these lines",
    "quit             close the connection",
    "If your client cannot hide what you type (nc cannot), you are told first.",
    "A name has 2 to 20 letters, digits, - or _. Capitals make no difference.",
    "A program cannot be asked, so it gives the password at once, which shows:",
    "  printf 'login ana SECRET\\n/say #tea hi\\n/quit\\n' | nc HOST PORT",
];

impl HelpTopic {
    /// The topic that `word` names, with or without a slash in front: a command, or another topic. If there is none,
    /// the word that was probably meant.
    pub fn named(word: &str) -> Result<HelpTopic, Option<&'static str>> {
        let commands = || TABLE.iter().flat_map(Row::words).map(|(word, verb)| (word, HelpTopic::Command(verb)));
        let word = if word == "//" { word } else { word.strip_prefix('/').unwrap_or(word) };
        match find(word, commands().chain(TOPICS)) {
            Found::One(topic) => Ok(topic),
            Found::Several(words) => Err(words.first().copied()),
            Found::None => Err(nearest(word, commands().chain(TOPICS).map(|(word, _)| word))),
        }
    }

    /// The lines that explain it.
    pub fn lines(self) -> Vec<String> {
        match self {
            HelpTopic::Overview => overview(),
            HelpTopic::All => all(),
            HelpTopic::Typing => TYPING.iter().flat_map(|paragraph| wrap(paragraph)).collect(),
            HelpTopic::Command(verb) => command(verb.row()),
        }
    }
}

/// What `help` shows to somebody who is not logged in.
pub fn before_login() -> impl Iterator<Item = &'static str> {
    BEFORE_LOGIN.iter().copied()
}

fn overview() -> Vec<String> {
    let mut lines = vec!["Just type to talk. What starts with a slash is a command:".to_owned()];
    lines.extend(NEEDED.map(|verb| {
        let row = verb.row();
        format!("  {:<33} {}", row.usages[0], row.summary)
    }));
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
        let rows = TABLE.iter().filter(|row| row.group == group);
        lines.extend(rows.map(|row| format!("  {:<10} {}", format!("/{}", row.word), row.summary)));
    }
    lines.push("/help NAME explains a command, as in /help join.".to_owned());
    lines
}

fn command(row: &Row) -> Vec<String> {
    let mut lines: Vec<String> = row.usages.iter().map(|usage| (*usage).to_owned()).collect();
    lines.extend(wrap(row.help));
    if !row.aliases.is_empty() {
        let aliases: Vec<String> = row.aliases.iter().map(|alias| format!("/{alias}")).collect();
        lines.push(format!("The same: {}", aliases.join(", ")));
    }
    lines.extend(row.examples.iter().take(2).map(|example| format!("Example:  {example}")));
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
    use super::*;
    use crate::chat::{NAME_MAX_CHARS, NAME_MIN_CHARS};

    #[test]
    fn every_line_of_help_fits_a_screen() {
        let topics = [HelpTopic::Overview, HelpTopic::All, HelpTopic::Typing].into_iter();
        let topics = topics.chain(TABLE.iter().map(|row| HelpTopic::Command(row.verb)));
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
        for row in &TABLE {
            let start = format!("  /{} ", row.word);
            assert_eq!(lines.iter().filter(|line| line.starts_with(&start)).count(), 1, "{start}");
        }
    }

    #[test]
    fn a_command_has_its_usage_and_two_examples() {
        let lines = HelpTopic::Command(Verb::Join).lines();
        assert_eq!(lines[0], "/join ROOM");
        assert_eq!(lines[lines.len() - 3..], ["The same: /j", "Example:  /join #tea", "Example:  /j tea"]);
        for row in &TABLE {
            let lines = HelpTopic::Command(row.verb).lines();
            assert_eq!(lines.iter().filter(|line| line.starts_with("Example:  /")).count(), 2, "{}", row.word);
        }
    }

    #[test]
    fn a_topic_is_found_by_its_name() {
        let check = |word: &str, expected: Result<HelpTopic, Option<&str>>| {
            assert_eq!(HelpTopic::named(word), expected, "{word}");
        };
        check("join", Ok(HelpTopic::Command(Verb::Join)));
        check("/join", Ok(HelpTopic::Command(Verb::Join)));
        check("JO", Ok(HelpTopic::Command(Verb::Join)));
        check("exit", Ok(HelpTopic::Command(Verb::Quit)));
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
