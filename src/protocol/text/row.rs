//! Rows: what is known of each command, and how a typed word finds its row.
//!
//! Parser, mistakes and help read the same rows, so none of them can know a command that the others do not. The rows
//! themselves stand beside their nouns; a subcommand such as `/room rename` is a row of two words.

use super::arguments::Arguments;
use super::line::Typed;
use super::mistake::Mistake;

/// What most commands leave undone when they are refused.
pub(super) const NOTHING_DONE: &str = "Nothing was done.";
/// What commands that send a text leave undone.
pub(super) const NOTHING_SENT: &str = "Nothing was sent.";

/// A command.
#[derive(Debug)]
pub struct Row {
    /// The word that is typed after the slash; for a subcommand both words.
    pub(super) name: &'static str,
    /// Other words for it: the fixed single letters, and habits from elsewhere.
    pub(super) aliases: &'static [&'static str],
    /// Its group.
    pub(super) group: Group,
    /// What may be typed, the usual form first. `[...]` may be left out; words in capitals stand for something. Empty where
    /// only subcommands may be typed.
    pub(super) usages: &'static [&'static str],
    /// Its effect, in a few words that follow it in a list.
    pub(super) summary: &'static str,
    /// Its effect, in full. Wrapped when it is shown.
    pub(super) help: &'static str,
    /// Lines that work as they are; where there are several usages, at least one for each.
    pub(super) examples: &'static [&'static str],
    /// What did not happen when a line is refused.
    pub(super) undone: &'static str,
    /// What the command with its arguments asks for. Arguments that it leaves are refused by the caller.
    pub(super) parse: fn(&mut Arguments) -> Result<Typed, Mistake>,
}

/// Where a command stands in `/help all`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Group {
    /// Sending messages.
    Talk,
    /// Rooms and who may enter them.
    Rooms,
    /// Others.
    People,
    /// Earlier messages.
    Reading,
    /// Order in a room.
    Moderation,
    /// The reader's account and session.
    You,
    /// The server as a whole.
    Server,
}

/// All rows, in the order of `/help all`: a command is followed by its subcommands.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    let nouns = [
        super::talk::ROWS,
        super::member::ROWS,
        super::room::ROWS,
        super::invitation::ROWS,
        super::people::ROWS,
        super::reading::ROWS,
        super::moderation::ROWS,
        super::account::ROWS,
        super::token::ROWS,
        super::session::ROWS,
        super::server::ROWS,
        super::registration::ROWS,
    ];
    nouns.into_iter().flatten()
}

/// Lines that work as they are, of every command. For tests that use them all.
pub fn examples() -> impl Iterator<Item = &'static str> {
    rows().flat_map(|row| row.examples).copied()
}

/// The rows of one word.
pub(super) fn commands() -> impl Iterator<Item = &'static Row> {
    rows().filter(|row| row.second().is_none())
}

/// The words of all commands, each with what it means.
pub(super) fn words() -> impl Iterator<Item = (&'static str, &'static Row)> {
    commands().flat_map(|row| std::iter::once(row.name).chain(row.aliases.iter().copied()).map(move |word| (word, row)))
}

impl Row {
    /// The command that `word` (without the slash) means: by its name, another name, or a beginning that only it has.
    pub(super) fn find(word: &str) -> Found<&'static Row> {
        find(word, words())
    }

    /// The first word, or the only one.
    pub(super) fn word(&self) -> &'static str {
        self.name.split_once(' ').map_or(self.name, |(first, _)| first)
    }

    /// Whether `word` is its whole name, or another name.
    pub(super) fn is_called(&self, word: &str) -> bool {
        std::iter::once(self.name).chain(self.aliases.iter().copied()).any(|name| name.eq_ignore_ascii_case(word))
    }

    /// The second word of a subcommand.
    pub(super) fn second(&self) -> Option<&'static str> {
        self.name.split_once(' ').map(|(_, second)| second)
    }

    /// The subcommands of a command, by their second words.
    pub(super) fn subcommands(&self) -> impl Iterator<Item = (&'static str, &'static Row)> + use<> {
        let (word, is_command) = (self.name, self.second().is_none());
        rows()
            .filter(move |row| is_command && row.word() == word)
            .filter_map(|row| row.second().map(|second| (second, row)))
    }

    /// Its usage, subcommands included.
    pub(super) fn all_usages(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.usages.iter().chain(self.subcommands().flat_map(|(_, row)| row.usages)).copied()
    }

    /// Lines that work as they are, of subcommands too.
    pub(super) fn all_examples(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.examples.iter().chain(self.subcommands().flat_map(|(_, row)| row.examples)).copied()
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Row) -> bool {
        self.name == other.name
    }
}

impl Eq for Row {}

impl Group {
    /// All groups, in the order in which they are shown.
    pub(super) const ALL: [Group; 7] =
        [Group::Talk, Group::Rooms, Group::People, Group::Reading, Group::Moderation, Group::You, Group::Server];

    /// The heading of the group in a list.
    pub(super) fn title(self) -> &'static str {
        match self {
            Group::Talk => "Talk",
            Group::Rooms => "Rooms",
            Group::People => "People",
            Group::Reading => "Reading",
            Group::Moderation => "Keeping order in a room",
            Group::You => "You",
            Group::Server => "The server",
        }
    }
}

/// The result of looking up a word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Found<T> {
    /// This.
    One(T),
    /// The word begins all of these, which mean different things.
    Several(Vec<&'static str>),
    /// Nothing known.
    None,
}

/// What `word` means among `words`: a whole word takes precedence over all that it begins, so the single letters never
/// change their meaning when commands are added. Compared without case.
pub(super) fn find<T: Copy + PartialEq>(word: &str, words: impl Iterator<Item = (&'static str, T)>) -> Found<T> {
    let typed = word.to_ascii_lowercase();
    let mut begun: Vec<(&'static str, T)> = Vec::new();
    for (word, meaning) in words {
        if word == typed {
            return Found::One(meaning);
        }
        if word.starts_with(&typed) && begun.iter().all(|(_, other)| *other != meaning) {
            begun.push((word, meaning));
        }
    }
    match begun[..] {
        _ if typed.is_empty() => Found::None,
        [] => Found::None,
        [(_, meaning)] => Found::One(meaning),
        _ => Found::Several(begun.into_iter().map(|(word, _)| word).collect()),
    }
}

/// Words that people know from other chat programs and this server does not have, and what to tell them. Some are close to
/// the name of a command that does something else (`/nick` to `/kick`), which must not be suggested.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (&["alias", "bell", "color", "colour", "editor", "keep", "mode", "motd", "notify", "stats", "uptime"], ""),
    (&["del", "delete", "edit", "redact"], "Messages cannot be changed or deleted here yet."),
    (&["find", "grep", "search"], "There is no search here yet; /history shows earlier messages."),
    (
        &["block", "ignore", "mute", "silence", "unblock", "unignore", "unmute"],
        "Nobody can be ignored or muted here yet; /help kick and /help ban are for moderators.",
    ),
    (&["friends"], "There is no list of friends here yet; /who lists who is online."),
    (&["nick", "rename"], "Names cannot be changed here; /room rename is for rooms."),
];

/// The answer to a command of other chat programs, if `typed` is one.
pub(super) fn elsewhere(typed: &str) -> Option<String> {
    let typed = typed.to_ascii_lowercase();
    let (_, sentence) = ELSEWHERE.iter().find(|(words, _)| words.contains(&typed.as_str()))?;
    Some(if sentence.is_empty() { format!("There is no /{typed} here yet.") } else { (*sentence).to_owned() })
}

/// The word of `words` that was probably meant by `typed`: the nearest one, at most two slips away, or one for short words,
/// which two slips would turn into anything.
pub(super) fn nearest(typed: &str, words: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    const LONGEST_CHARS: usize = 20;
    let typed = typed.to_ascii_lowercase();
    let chars = typed.chars().count();
    if chars > LONGEST_CHARS || elsewhere(&typed).is_some() {
        return None;
    }
    let slips_max = if chars <= 3 { 1 } else { 2 };
    let distance = |word: &'static str| (strsim::osa_distance(&typed, word), word);
    let near = words.filter(|word| word.len() > 1).map(distance).filter(|(slips, _)| *slips <= slips_max);
    near.min_by_key(|(slips, word)| (*slips, word.as_bytes().first() != typed.as_bytes().first())).map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::super::line::parse;
    use super::*;

    fn all_words() -> impl Iterator<Item = &'static str> {
        words().map(|(word, _)| word)
    }

    fn is_named(found: &Found<&'static Row>, name: &str) -> bool {
        matches!(found, Found::One(row) if row.name == name)
    }

    #[test]
    fn no_word_means_two_things() {
        let mut all: Vec<_> = all_words().collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
        for (word, row) in words() {
            assert!(is_named(&Row::find(word), row.name), "{word}");
        }
        let mut names: Vec<_> = rows().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), rows().count());
    }

    #[test]
    fn a_group_is_together_and_in_order() {
        let mut groups: Vec<_> = rows().map(|row| row.group).collect();
        groups.dedup();
        assert_eq!(groups, Group::ALL);
    }

    #[test]
    fn a_subcommand_follows_its_command() {
        let mut command = "";
        for row in rows() {
            match row.second() {
                None => command = row.name,
                Some(second) => {
                    assert_eq!(row.word(), command);
                    assert!(row.aliases.is_empty(), "{}", row.name);
                    let has_word = |line: &&str| line.split([' ', '[', ']']).any(|word| word == second);
                    assert!(row.usages.iter().all(has_word) && row.examples.iter().all(has_word), "{}", row.name);
                }
            }
        }
    }

    #[test]
    fn usages_and_examples_are_of_their_command() {
        for row in rows() {
            assert!(row.all_examples().count() >= if row.second().is_none() { 2 } else { 1 }, "{}", row.name);
            assert_eq!(row.usages.is_empty(), row.examples.is_empty(), "{}", row.name);
            for usage in row.usages {
                assert_eq!(usage.split_whitespace().next(), Some(&*format!("/{}", row.word())));
                assert!(usage.len() <= 40, "{usage}");
            }
            for text in row.examples.iter().chain(row.usages) {
                assert!(text.is_ascii() && text.len() <= 60, "{text}");
            }
            assert!(row.summary.is_ascii() && row.help.is_ascii() && !row.help.contains("  "), "{}", row.name);
            assert!(row.undone.ends_with('.'), "{}", row.name);
        }
    }

    #[test]
    fn every_example_works_and_is_of_its_command() {
        for row in rows() {
            for example in row.examples {
                let typed = parse(example.as_bytes());
                assert!(!matches!(typed, Typed::Wrong(_)), "{example}: {typed:?}");
                let word = example[1..].split(' ').next().unwrap();
                assert!(is_named(&Row::find(word), row.word()) || example.ends_with(" -h"), "{example}");
            }
        }
    }

    #[test]
    fn a_command_is_found_by_any_beginning_of_its_own() {
        let check = |word: &str, expected: &str| assert!(is_named(&Row::find(word), expected), "{word}");
        check("join", "join");
        check("JOIN", "join");
        check("hi", "history");
        check("jo", "join");
        check("room", "room");
        check("who", "who");
        check("op", "op");
        check("ope", "operator");
        check("ex", "quit");
        check("passw", "password");
        // What was begun would be said in public if the wrong one of these were taken.
        let several = |word: &str, expected: &[&'static str]| {
            assert_eq!(Row::find(word), Found::Several(expected.to_vec()), "{word}");
        };
        several("t", &["tell", "topic", "token"]);
        several("un", &["uninvite", "unread", "unban"]);
        several("ro", &["rooms", "room"]);
        for word in ["xyz", "joinn", "jöin", "rename", "room rename"] {
            assert_eq!(Row::find(word), Found::None, "{word}");
        }
    }

    #[test]
    fn the_single_letters_never_change() {
        for (letter, name) in [("h", "help"), ("j", "join"), ("w", "who"), ("m", "msg"), ("r", "reply"), ("q", "quit")]
        {
            assert!(is_named(&Row::find(letter), name));
        }
    }

    #[test]
    fn the_nearest_word_is_suggested() {
        let check = |typed: &str, expected: Option<&str>| assert_eq!(nearest(typed, all_words()), expected, "{typed}");
        check("hlep", Some("help"));
        check("HLEP", Some("help"));
        check("jion", Some("join"));
        check("hystori", Some("history"));
        check("catch-up", Some("catchup"));
        check("lsit", Some("list"));
        check("jöin", Some("join"));
        check("banns", Some("bans"));
        check("xyz", None);
        check("z", None);
        check("nick", None);
        check("edit", None);
        check("find", None);
        check("ignore", None);
        check("block", None);
        check(&"join".repeat(500), None);
    }
}
