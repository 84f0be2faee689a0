//! Mistakes: what was wrong with a typed line, as the sentences that say so: what happened, what did not, and one next
//! step. Here are those that any command may need; the others stand beside their nouns.

use std::fmt;

use crate::chat::{NAME_MAX_CHARS, NAME_MIN_CHARS, NameError, Text};

use super::row::{NOTHING_DONE, Row};

/// A mistake in a line, in words. Nothing of the line is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake(String);

impl Mistake {
    /// These sentences.
    pub(super) fn new(sentences: impl Into<String>) -> Mistake {
        Mistake(sentences.into())
    }

    /// Something that the command needs is missing.
    pub(super) fn missing(what: &str, row: &Row) -> Mistake {
        Mistake(format!("/{} needs {what}. {} {}", row.word(), row.undone, next_step(row)))
    }

    /// There is more than the command takes.
    pub(super) fn unexpected(typed: &str, row: &Row) -> Mistake {
        let (word, typed) = (row.word(), Quote(typed));
        Mistake(format!("/{word} needs no more: {typed} is left over. {} {}", row.undone, next_step(row)))
    }

    /// A word that the command does not know where it takes only certain words.
    pub(super) fn unknown_choice(typed: &str, known: &[&str], row: &Row) -> Mistake {
        let has_word = |line: &&str| line.split_whitespace().skip(1).any(|word| known.contains(&word));
        let example = row.all_examples().find(has_word).unwrap_or_default();
        let (word, undone, known) = (row.word(), row.undone, one_of(known, "and"));
        Mistake(format!("/{word} does not know {}. {undone} It knows {known}, as in {example}", Quote(typed)))
    }

    /// No name can be like this.
    pub(super) fn bad_name(typed: &str, error: NameError, row: &Row) -> Mistake {
        let usage = row.all_usages().next().unwrap_or_default();
        Mistake(format!("{} cannot be a name: {}. {} Usage: {usage}", Quote(typed), name_rule(error), row.undone))
    }

    /// Neither a name nor an address that can be banned.
    pub(super) fn bad_target(typed: &str, row: &Row) -> Mistake {
        if typed.contains('/') {
            let units = "one IPv4 address, or one IPv6 /64, can be banned at a time";
            return Mistake(format!("{} is no such address: {units}. {} {}", Quote(typed), row.undone, next_step(row)));
        }
        Mistake(format!("{} is neither a name nor an address. {} {}", Quote(typed), row.undone, next_step(row)))
    }

    /// Not a number from 1 up.
    pub(super) fn bad_number(typed: &str, row: &Row) -> Mistake {
        Mistake(format!("{} is not a number from 1 up. {} {}", Quote(typed), row.undone, next_step(row)))
    }

    /// Not a time that something can last.
    pub(super) fn bad_duration(typed: &str, row: &Row) -> Mistake {
        let times = "a time from 1s to 10 years, such as 30m, 2h, 2d or 1w";
        Mistake(format!("{} is not {times}. {} {}", Quote(typed), row.undone, next_step(row)))
    }

    /// A time where nothing reads it.
    pub(super) fn late_duration(typed: &str, row: &Row) -> Mistake {
        let late = "stands behind the reason: the time comes first";
        Mistake(format!("{} {late}. {} {}", Quote(typed), row.undone, next_step(row)))
    }

    /// There is no such command. `suggestion` is what to type instead, as far as it is known.
    pub(super) fn unknown_command(typed: &str, suggestion: Option<&str>) -> Mistake {
        let typed = Quote(typed);
        Mistake(match suggestion {
            Some(suggestion) => {
                let colon = if suggestion.starts_with('/') { "" } else { ":" };
                format!("Unknown command {typed}. Did you mean{colon} {suggestion} ? {NOTHING_DONE}")
            }
            None => format!("Unknown command {typed}. {NOTHING_DONE} /help all lists the commands."),
        })
    }

    /// The beginning of several commands.
    pub(super) fn ambiguous(typed: &str, candidates: &[impl AsRef<str>]) -> Mistake {
        let candidates = one_of(candidates, "or");
        Mistake(format!("{} may mean {candidates}. {NOTHING_DONE} Type a little more of it.", Quote(typed)))
    }

    /// The sentences, without the `-! ` in front.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// A word of somebody's line as it may be repeated in quotation marks: safe to show, and short.
pub(super) struct Quote<'a>(pub(super) &'a str);

impl Quote<'_> {
    /// Longest text between the quotation marks.
    const MAX_CHARS: usize = 40;

    /// The text between the quotation marks.
    pub(super) fn content(&self) -> String {
        let text = Text::from(self.0);
        if text.as_str().chars().count() <= Quote::MAX_CHARS {
            return text.as_str().to_owned();
        }
        text.as_str().chars().take(Quote::MAX_CHARS - 3).chain("...".chars()).collect()
    }
}

impl fmt::Display for Quote<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.content())
    }
}

/// The one next step: how the command is written, and a line that works.
fn next_step(row: &Row) -> String {
    let usage = row.all_usages().next().unwrap_or_default();
    match row.all_examples().next() {
        Some(example) if example != usage => format!("Usage: {usage} - for example {example}"),
        _ => format!("Type {usage}"),
    }
}

/// The rule that a word broke which should have been a name.
pub(super) fn name_rule(error: NameError) -> String {
    match error {
        NameError::Length => format!("names have {NAME_MIN_CHARS} to {NAME_MAX_CHARS} characters"),
        NameError::Character => "names are letters a to z, digits, - and _, starting with a letter or digit".to_owned(),
    }
}

/// `a`, `a or b`, `a, b or c`.
fn one_of(words: &[impl AsRef<str>], last: &str) -> String {
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        match index {
            0 => {}
            _ if index + 1 == words.len() => text.push_str(&format!(" {last} ")),
            _ => text.push_str(", "),
        }
        text.push_str(word.as_ref());
    }
    text
}
